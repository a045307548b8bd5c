//! Looks into JSON: a pattern is JSON that has to be in it somewhere.

use serde_json::Value;

/// Whether a document has what a pattern says: an object has the members of the pattern's and may have more, and of a
/// list every item of the pattern is somewhere in it. `"$any"` is anything but nothing, `"$none"` is nothing,
/// `"$has:TEXT"` is text with that in it, `"$json:TEXT"` is text that is this JSON.
pub(crate) fn fits(document: Option<&Value>, pattern: &Value) -> bool {
    match (document, pattern) {
        (document, Value::String(word)) if word == "$none" => document.is_none_or(Value::is_null),
        (None, _) => false,
        (Some(document), Value::String(word)) => fits_word(document, word),
        (Some(Value::Object(members)), Value::Object(pattern)) => pattern
            .iter()
            .all(|(name, pattern)| fits(members.get(name), pattern)),
        (Some(Value::Array(items)), Value::Array(patterns)) => patterns
            .iter()
            .all(|pattern| items.iter().any(|item| fits(Some(item), pattern))),
        (Some(Value::Number(number)), Value::Number(pattern)) => number.as_f64() == pattern.as_f64(),
        (Some(document), pattern) => document == pattern,
    }
}

fn fits_word(document: &Value, word: &str) -> bool {
    let text = document.as_str();
    if word == "$any" {
        !document.is_null()
    } else if let Some(piece) = word.strip_prefix("$has:") {
        text.is_some_and(|text| text.contains(piece))
    } else if let Some(json) = word.strip_prefix("$json:") {
        let wanted: Value = serde_json::from_str(json).expect("a pattern's JSON");
        text.and_then(|text| serde_json::from_str::<Value>(text).ok()) == Some(wanted)
    } else {
        text == Some(word)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pattern_is_a_part_of_what_fits() {
        let document = json!({"a": [{"b": 1, "c": "xyz"}, 2], "d": null, "e": "{\"f\": 1}", "g": 1.0});
        for fitting in [
            json!({"a": [{"b": 1}]}),
            json!({"a": [2, {"c": "$has:y"}]}),
            json!({"d": "$none", "z": "$none"}),
            json!({"e": "$json:{\"f\":1}", "g": 1}),
            json!({"a": "$any"}),
        ] {
            assert!(fits(Some(&document), &fitting), "{fitting}");
        }
        for other in [
            json!({"a": [{"b": 1, "c": "x"}]}),
            json!({"a": "$none"}),
            json!({"d": "$any"}),
            json!({"z": "$any"}),
            json!({"e": "$json:{}"}),
            json!([]),
        ] {
            assert!(!fits(Some(&document), &other), "{other}");
        }
    }
}
