//! The embedding server speaks OpenAI's API.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use wayleave_tests::embeddings::Embeddings;

#[tokio::test]
async fn one_text_or_many_as_numbers_or_bytes() {
    let embeddings = Embeddings::start().await;
    let vectors = embeddings.embed(&["Good morning.", "Guten Morgen."]).await;
    assert_eq!(vectors.len(), 2);
    for vector in &vectors {
        let length: f32 = vector.iter().map(|number| number * number).sum();
        assert_eq!(vector.len(), 384);
        assert!((length - 1.0).abs() < 1e-4, "{length}");
    }
    let request = json!({"model": "any", "input": "Good morning.", "encoding_format": "base64"});
    let answer = embeddings.post(request.to_string()).await.json();
    assert_eq!(answer["object"], "list");
    assert_eq!(answer["model"], "any");
    assert_eq!(answer["data"][0]["index"], 0);
    // Two words, a full stop, a beginning and an end.
    assert_eq!(answer["usage"], json!({"prompt_tokens": 5, "total_tokens": 5}));
    let bytes = STANDARD
        .decode(answer["data"][0]["embedding"].as_str().unwrap())
        .unwrap();
    let numbers = bytes
        .chunks(4)
        .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()));
    assert_eq!(numbers.collect::<Vec<_>>(), vectors[0]);
}

#[tokio::test]
async fn meaning_makes_texts_alike() {
    let embeddings = Embeddings::start().await;
    let vectors = embeddings
        .embed(&[
            "The cat sleeps on the sofa.",
            "A kitten naps on the couch.",
            "Inflation rose in May.",
        ])
        .await;
    let cosine = |a: usize, b: usize| -> f32 { vectors[a].iter().zip(&vectors[b]).map(|(a, b)| a * b).sum() };
    assert!(cosine(0, 1) > 0.6, "{}", cosine(0, 1));
    assert!(cosine(0, 2) < 0.2, "{}", cosine(0, 2));
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_name() {
    let embeddings = Embeddings::start().await;
    for (request, member) in [
        (json!({"input": "Hello"}), "model"),
        (json!({"model": "any"}), "input"),
        (json!({"model": "any", "input": []}), "input"),
        (json!({"model": "any", "input": [""]}), "input"),
        (json!({"model": "any", "input": [1, 2]}), "input"),
        (
            json!({"model": "any", "input": "Hello", "encoding_format": "hex"}),
            "encoding_format",
        ),
        (
            json!({"model": "any", "input": "Hello", "dimensions": 8}),
            "dimensions",
        ),
    ] {
        let answer = embeddings.post(request.to_string()).await;
        assert_eq!(answer.status, 400, "{request}");
        let error = &answer.json()["error"];
        assert_eq!(error["param"], member, "{error}");
        assert_eq!(error["type"], "invalid_request_error");
    }
    assert_eq!(embeddings.post("{".to_owned()).await.status, 400);
    embeddings.finish().await;
}
