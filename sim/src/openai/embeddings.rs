//! Embeddings: deterministic, and similar for texts that share words.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::ask::{Meter, limit_of, text_of};
use crate::problem::Malformed;

/// Unless the request says `dimensions`.
const DIMENSIONS: usize = 256;
const MAX_DIMENSIONS: usize = 4_096;
const MAX_INPUTS: usize = 2_048;

/// An embeddings request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EmbeddingAsk {
    inputs: Vec<String>,
    dimensions: usize,
    base64: bool,
    prompt_tokens: u64,
}

/// Reads a request: `input` is a string, a list of strings, of token numbers, or of lists of those.
pub(crate) fn read(body: &Value) -> Result<EmbeddingAsk, Malformed> {
    let inputs = match body.get("input") {
        None | Some(Value::Null) => {
            return Err(Malformed::at(
                "Missing required parameter: 'input'.",
                "input",
                "missing_required_parameter",
            ));
        }
        Some(Value::Array(list)) if list.iter().all(Value::is_number) && !list.is_empty() => {
            vec![words(list)]
        }
        Some(Value::Array(list)) => list.iter().map(one).collect::<Result<_, _>>()?,
        Some(single) => vec![one(single)?],
    };
    if inputs.is_empty() || inputs.len() > MAX_INPUTS {
        return Err(Malformed::at(
            "Invalid 'input': expected 1 to 2048 texts.",
            "input",
            "invalid_value",
        ));
    }
    let dimensions = limit_of(body, "dimensions").unwrap_or(DIMENSIONS);
    if !(1..=MAX_DIMENSIONS).contains(&dimensions) {
        return Err(Malformed::at(
            "Invalid 'dimensions': expected 1 to 4096.",
            "dimensions",
            "invalid_value",
        ));
    }
    let mut meter = Meter::default();
    for input in &inputs {
        meter.text(input);
    }
    let base64 = text_of(body, "encoding_format") == "base64";
    Ok(EmbeddingAsk {
        inputs,
        dimensions,
        base64,
        prompt_tokens: meter.total(),
    })
}

fn one(input: &Value) -> Result<String, Malformed> {
    match input {
        Value::String(text) if !text.is_empty() => Ok(text.clone()),
        Value::Array(tokens) if !tokens.is_empty() => Ok(words(tokens)),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => Err(Malformed::at(
            "Invalid 'input': expected a text that is not empty.",
            "input",
            "invalid_type",
        )),
    }
}

/// Token numbers as a text of words.
fn words(tokens: &[Value]) -> String {
    tokens.iter().fold(String::new(), |mut text, token| {
        let _ = write!(text, "{token} ");
        text
    })
}

/// The answer, or one without any vector if `empty`.
pub(crate) fn render(ask: &EmbeddingAsk, model: &str, empty: bool) -> Value {
    let row = |(index, input): (usize, &String)| {
        let vector = embed(input, ask.dimensions);
        let embedding = if ask.base64 {
            json!(base64(&vector))
        } else {
            json!(vector)
        };
        json!({"object": "embedding", "index": index, "embedding": embedding})
    };
    let inputs = if empty { &[][..] } else { &ask.inputs[..] };
    let data: Vec<Value> = inputs.iter().enumerate().map(row).collect();
    let usage = json!({"prompt_tokens": ask.prompt_tokens, "total_tokens": ask.prompt_tokens});
    json!({"object": "list", "data": data, "model": model, "usage": usage})
}

/// The sum of one pseudo-random vector per word, of length 1.
fn embed(text: &str, dimensions: usize) -> Vec<f32> {
    let mut vector = vec![0.0_f32; dimensions];
    for word in text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        let mut random = fastrand::Rng::with_seed(fnv1a(&word.to_lowercase()));
        for x in &mut vector {
            *x += random.f32() - 0.5;
        }
    }
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        for x in &mut vector {
            *x /= length;
        }
    } else if let Some(first) = vector.first_mut() {
        *first = 1.0;
    }
    vector
}

/// A seed that stays the same between versions, unlike the standard hasher's.
fn fnv1a(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, b| {
        (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Little-endian floats in base64 with padding, as the official clients ask for by default.
fn base64(vector: &[f32]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let six = (bits >> (18 - 6 * place)) & 63;
            let letter = ALPHABET
                .get(six as usize)
                .copied()
                .filter(|_| place <= group.len());
            text.push(char::from(letter.unwrap_or(b'=')));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &str, b: &str) -> f32 {
        embed(a, 256).iter().zip(embed(b, 256)).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn similar_texts_lie_near_each_other() {
        assert!(cosine("How tall is the tower", "how tall is the tower?") > 0.999);
        let near = cosine("how tall is the old tower", "how tall is the tower");
        let far = cosine("bake bread with salt", "how tall is the tower");
        assert!(near > 0.8 && far < 0.4, "{near} {far}");
    }

    #[test]
    fn every_form_of_input_is_read() {
        for (input, count) in [
            (json!("a"), 1),
            (json!(["a", "b"]), 2),
            (json!([1, 2, 3]), 1),
            (json!([[1, 2], [3]]), 2),
        ] {
            let ask = read(&json!({"input": input})).expect("well-formed");
            let body = render(&ask, "m", false);
            assert_eq!(body["data"].as_array().map(Vec::len), Some(count));
            assert_eq!(
                body["data"][0]["embedding"].as_array().map(Vec::len),
                Some(DIMENSIONS)
            );
        }
        for input in [
            json!(null),
            json!([]),
            json!(""),
            json!({"a": 1}),
            json!([[]]),
            json!(["a", 1]),
        ] {
            assert!(read(&json!({"input": input})).is_err(), "{input}");
        }
    }

    #[test]
    fn base64_is_the_standard_one() {
        assert_eq!(base64(&[1.0, -0.5]), "AACAPwAAAL8=");
        assert_eq!(base64(&[1.0]), "AACAPw==");
        assert_eq!(base64(&[1.0, 1.0, 1.0]), "AACAPwAAgD8AAIA/");
    }
}
