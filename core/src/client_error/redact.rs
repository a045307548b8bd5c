//! Takes keys out of providers' messages.

/// How the keys of the known providers begin.
const PREFIXES: [&str; 10] = [
    "sk-", "sk_", "gsk_", "xai-", "AIza", "csk-", "hf_", "pplx-", "r8_", "key-",
];

/// From this length on a word that begins like a key is one. OpenAI prints keys with stars in their middle, which ends
/// the word early: those stay, and help.
const KEY_LENGTH: usize = 20;

/// Replaces every word that looks like a whole key by its prefix and stars.
pub(super) fn redact(message: &str) -> String {
    let in_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut safe = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(start) = rest.find(in_word) {
        let (between, from_word) = rest.split_at(start);
        let end = from_word.find(|c| !in_word(c)).unwrap_or(from_word.len());
        let (word, after) = from_word.split_at(end);
        safe.push_str(between);
        match PREFIXES.into_iter().find(|prefix| word.starts_with(prefix)) {
            Some(prefix) if word.len() >= KEY_LENGTH => {
                safe.push_str(prefix);
                safe.push_str("***");
            }
            _ => safe.push_str(word),
        }
        rest = after;
    }
    safe.push_str(rest);
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_out_whole_keys_only() {
        for (message, safe) in [
            (
                "Incorrect API key: sk-proj-abcdefghijklmnopqrst.",
                "Incorrect API key: sk-***.",
            ),
            ("key=AIzaSyA0123456789abcdefghijklmnop&x", "key=AIza***&x"),
            (
                "'gsk_0123456789012345678901234567' and xai-01234567890123456789",
                "'gsk_***' and xai-***",
            ),
            (
                "Incorrect API key provided: sk-ab***yz.",
                "Incorrect API key provided: sk-ab***yz.",
            ),
            ("the model sk-tiny é ü 日本", "the model sk-tiny é ü 日本"),
            ("", ""),
        ] {
            assert_eq!(redact(message), safe);
        }
    }
}
