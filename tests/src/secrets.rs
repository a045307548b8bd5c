//! Credentials that are unlike any other text, and the search for them where they must not be.

use std::fmt;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Characters of a credential that nothing else in the world has.
const TELLTALE: usize = 24;

/// All credentials of one test. Clones are one.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Mutex<Vec<Secret>>>);

struct Secret {
    label: String,
    /// Any of these gives it away.
    traces: Vec<String>,
}

impl Secrets {
    /// Makes a credential in the shape of a provider's key.
    pub fn mint(&self, label: &str) -> String {
        self.keep(label, "sk-wayleave-test-")
    }

    /// Makes a credential that has no such shape, like those of some providers and of proxies at home.
    pub fn mint_plain(&self, label: &str) -> String {
        self.keep(label, "")
    }

    fn keep(&self, label: &str, prefix: &str) -> String {
        // Begins with a letter, so that YAML cannot take it for a number.
        let telltale: String = "x"
            .chars()
            .chain((1..TELLTALE).map(|_| fastrand::alphanumeric()))
            .collect();
        let value = format!("{prefix}{telltale}");
        let half = telltale.chars().take(TELLTALE / 2).collect();
        let secret = Secret {
            label: label.to_owned(),
            traces: vec![telltale, half, STANDARD.encode(&value)],
        };
        self.0.lock().unwrap().push(secret);
        value
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Searches a text.
    ///
    /// # Panics
    /// When a credential, or half of one, stands in it; `place` says what the text is.
    pub fn scan(&self, place: &str, text: &str) {
        for secret in self.0.lock().unwrap().iter() {
            for trace in &secret.traces {
                if let Some(at) = text.find(trace.as_str()) {
                    let before: String = text.chars().take(at).collect();
                    let line = before.lines().last().unwrap_or_default().to_owned();
                    panic!("{place} shows the credential {}, behind: {line}", secret.label);
                }
            }
        }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_harmless_text_passes() {
        let secrets = Secrets::default();
        let value = secrets.mint("a");
        secrets.scan("the log", "Bearer sk-wayleave-test-…");
        assert_eq!(value.len(), "sk-wayleave-test-".len() + TELLTALE);
    }

    #[test]
    #[should_panic(expected = "the log shows the credential a")]
    fn a_whole_one_is_found() {
        let secrets = Secrets::default();
        let value = secrets.mint("a");
        secrets.scan("the log", &format!("x\nkey={value}"));
    }

    #[test]
    #[should_panic(expected = "the dump shows the credential a")]
    fn an_encoded_one_is_found() {
        let secrets = Secrets::default();
        let value = secrets.mint("a");
        secrets.scan("the dump", &STANDARD.encode(value));
    }
}
