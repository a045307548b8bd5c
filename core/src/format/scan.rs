//! Tells when a piecewise JSON object is whole.

/// Follows the brackets of a JSON text. It does not judge what is between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct JsonScan {
    place: Place,
    depth: u32,
    begun: bool,
    opened: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Outside,
    InString,
    /// In a string, behind a backslash.
    Escaped,
}

impl JsonScan {
    /// Takes the next piece.
    pub(crate) fn push(&mut self, piece: &str) {
        for byte in piece.bytes() {
            self.place = match (self.place, byte) {
                (Place::Outside, b'"') | (Place::Escaped, _) => Place::InString,
                (Place::InString, b'\\') => Place::Escaped,
                (Place::InString, b'"') | (Place::Outside, _) => Place::Outside,
                (Place::InString, _) => Place::InString,
            };
            if self.place == Place::Outside {
                self.bracket(byte);
            }
            self.begun |= !byte.is_ascii_whitespace();
        }
    }

    /// Whether anything but white space came.
    pub(crate) fn begun(self) -> bool {
        self.begun
    }

    /// Whether an object or a list came and every bracket is closed.
    pub(crate) fn whole(self) -> bool {
        self.opened && self.depth == 0
    }

    fn bracket(&mut self, byte: u8) {
        match byte {
            b'{' | b'[' => {
                self.opened = true;
                self.depth += 1;
            }
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_whole_only_at_the_last_bracket() {
        let json = r#" {"a": "}\"", "b": [{}]}"#;
        let mut scan = JsonScan::default();
        for (at, piece) in json.char_indices() {
            assert!(!scan.whole(), "before byte {at}");
            scan.push(&piece.to_string());
        }
        assert!(scan.whole());
        assert!(!JsonScan::default().whole());
    }
}
