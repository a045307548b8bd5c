//! The beginning of a request's text, to count its tokens by.

use super::scan::{Next, Scan};
use super::tokens::Member;

/// The text in a body that is valid JSON, from its beginning, at most so many bytes.
pub(super) fn of(body: &str, most: usize) -> String {
    let mut sample = Sample {
        text: String::new(),
        most,
    };
    sample.value(&mut Scan::new(body.as_bytes()));
    sample.text
}

struct Sample {
    text: String,
    most: usize,
}

impl Sample {
    fn full(&self) -> bool {
        self.text.len() >= self.most
    }

    fn value(&mut self, scan: &mut Scan<'_>) {
        match scan.next() {
            Next::Text(text) => self.take(text.bytes),
            Next::List => {
                while !self.full() && scan.item() {
                    self.value(scan);
                }
            }
            Next::Object => {
                while !self.full() {
                    let Some(name) = scan.member() else { return };
                    match Member::named(name.bytes) {
                        Member::Content | Member::Verbatim => self.value(scan),
                        Member::Type | Member::Data | Member::Medium | Member::Marking => {
                            scan.skip();
                        }
                    }
                }
            }
            Next::Number | Next::Other => {}
        }
    }

    fn take(&mut self, escaped: &[u8]) {
        let room = self.most.saturating_sub(self.text.len());
        let text = String::from_utf8_lossy(escaped);
        if text.starts_with("data:") {
            return;
        }
        // An escape that is cut in two matters little here.
        let plain = text.replace("\\n", "\n").replace("\\\"", "\"");
        let fitting = (0..=room.min(plain.len())).rev().find_map(|end| plain.get(..end));
        self.text.push_str(fitting.unwrap_or_default());
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_model_reads_is_taken() {
        let body = r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a \"b\"\nc"},
            {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}"#;
        assert_eq!(of(body, 1000), "m\na \"b\"\nc\n");
        assert_eq!(of(body, 4), "m\na \n");
    }
}
