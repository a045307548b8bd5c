//! Tells when a piecewise JSON object is whole.

/// Follows the brackets of a JSON text. It does not judge what is between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct JsonScan {
    depth: u32,
    in_string: bool,
    escaped: bool,
    begun: bool,
}

impl JsonScan {
    /// Takes the next piece.
    pub(crate) fn push(&mut self, piece: &str) {
        for byte in piece.bytes() {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            self.begun |= !byte.is_ascii_whitespace();
        }
    }

    /// Whether anything but white space came.
    pub(crate) fn begun(self) -> bool {
        self.begun
    }

    /// Whether something came and every bracket is closed.
    pub(crate) fn whole(self) -> bool {
        self.begun && self.depth == 0 && !self.in_string
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
