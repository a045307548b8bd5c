//! A walk over JSON that is known to be valid: no tree, no copies, no unescaping.

/// A position in valid JSON. (On anything else it ends early, and never panics.)
#[derive(Clone, Copy)]
pub(super) struct Scan<'a> {
    rest: &'a [u8],
}

/// What comes next.
pub(super) enum Next<'a> {
    /// A string, without its quotes.
    Text(Raw<'a>),
    Object,
    List,
    Number,
    /// A boolean, null, or nothing.
    Other,
}

/// The inside of a string, with its escapes.
#[derive(Clone, Copy)]
pub(super) struct Raw<'a> {
    pub(super) bytes: &'a [u8],
    /// Bytes that only belong to escapes.
    overhead: usize,
}

impl Raw<'_> {
    /// Characters of the text that it stands for.
    pub(super) fn characters(self) -> usize {
        characters(self.bytes).saturating_sub(self.overhead)
    }
}

/// Characters in UTF-8: all bytes that do not continue one.
pub(super) fn characters(utf8: &[u8]) -> usize {
    utf8.iter().filter(|byte| (*byte & 0xC0) != 0x80).count()
}

impl<'a> Scan<'a> {
    pub(super) const fn new(json: &'a [u8]) -> Self {
        Self { rest: json }
    }

    /// Steps into the next value: over a scalar, behind the bracket of a list or an object.
    pub(super) fn next(&mut self) -> Next<'a> {
        match self.peek() {
            Some(b'"') => Next::Text(self.string()),
            Some(b'{') => {
                self.bump(1);
                Next::Object
            }
            Some(b'[') => {
                self.bump(1);
                Next::List
            }
            first => {
                let end = self
                    .rest
                    .iter()
                    .position(|byte| matches!(byte, b',' | b']' | b'}'));
                self.bump(end.unwrap_or(self.rest.len()));
                if first.is_some_and(|byte| byte == b'-' || byte.is_ascii_digit()) {
                    Next::Number
                } else {
                    Next::Other
                }
            }
        }
    }

    /// Whether the list has another item; else steps out of it.
    pub(super) fn item(&mut self) -> bool {
        self.another(b']')
    }

    /// The name of the object's next member, or steps out of it.
    pub(super) fn member(&mut self) -> Option<Raw<'a>> {
        if !self.another(b'}') {
            return None;
        }
        self.peek();
        let name = self.string();
        if self.peek() == Some(b':') {
            self.bump(1);
        }
        Some(name)
    }

    /// Steps over the next value, whatever it is, and returns its text.
    pub(super) fn skip(&mut self) -> &'a [u8] {
        self.peek();
        let start = self.rest;
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.bump(1);
                }
                Some(b'}' | b']') => {
                    depth = depth.saturating_sub(1);
                    self.bump(1);
                }
                Some(b',' | b':') => self.bump(1),
                Some(_) => {
                    self.next();
                }
                None => break,
            }
            if depth == 0 {
                break;
            }
        }
        start.get(..start.len() - self.rest.len()).unwrap_or_default()
    }

    /// How deep lists and objects are nested in all that follows.
    pub(super) fn nesting(mut self) -> usize {
        let (mut deepest, mut depth) = (0_usize, 0_usize);
        while let Some(stop) = self
            .rest
            .iter()
            .position(|byte| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']'))
        {
            self.bump(stop);
            match self.rest.first() {
                Some(b'"') => {
                    self.string();
                    continue;
                }
                Some(b'{' | b'[') => {
                    depth += 1;
                    deepest = deepest.max(depth);
                }
                _ => depth = depth.saturating_sub(1),
            }
            self.bump(1);
        }
        deepest
    }

    fn another(&mut self, end: u8) -> bool {
        match self.peek() {
            Some(b',') => {
                self.bump(1);
                true
            }
            Some(byte) if byte == end => {
                self.bump(1);
                false
            }
            Some(_) => true,
            None => false,
        }
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        while let Some((byte, rest)) = self.rest.split_first() {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.rest = rest;
        }
        None
    }

    /// Steps over the string that begins here.
    fn string(&mut self) -> Raw<'a> {
        let start = self.rest.get(1..).unwrap_or_default();
        let (mut rest, mut overhead) = (start, 0);
        while let Some(stop) = memchr::memchr2(b'"', b'\\', rest) {
            if rest.get(stop) == Some(&b'"') {
                self.rest = rest.get(stop + 1..).unwrap_or_default();
                let length = start.len() - rest.len() + stop;
                return Raw {
                    bytes: start.get(..length).unwrap_or_default(),
                    overhead,
                };
            }
            overhead += if rest.get(stop + 1) == Some(&b'u') { 5 } else { 1 };
            rest = rest.get(stop + 2..).unwrap_or_default();
        }
        self.rest = &[];
        Raw {
            bytes: start,
            overhead,
        }
    }

    fn bump(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn characters_are_those_of_the_text() {
        for text in ["", "abc", "é\"\n\\", "\u{1}", "日本"] {
            let json = serde_json::to_string(text).unwrap();
            let Next::Text(raw) = Scan::new(json.as_bytes()).next() else {
                panic!("{json}")
            };
            assert_eq!(raw.characters(), text.chars().count(), "{json}");
        }
    }

    #[test]
    fn skips_exactly_one_value() {
        for (json, first) in [
            (r#" {"a":[1,"]}"],"b":{}} ,1"#, r#"{"a":[1,"]}"],"b":{}}"#),
            (r#""a\"b","c""#, r#""a\"b""#),
            ("-1.5e3,2", "-1.5e3"),
            ("[]]", "[]"),
            ("null}", "null"),
        ] {
            let mut scan = Scan::new(json.as_bytes());
            assert_eq!(scan.skip(), first.as_bytes());
        }
        assert_eq!(Scan::new(br#"{"a":[[{"b":"[[[["}]],"c":[]}"#).nesting(), 4);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_hang(bytes in prop::collection::vec(
            prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\":,\\ 1".to_vec())], 0..64
        )) {
            Scan::new(&bytes).nesting();
            Scan::new(&bytes).skip();
        }
    }
}
