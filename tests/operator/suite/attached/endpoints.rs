//! The endpoints behind somebody else's gateway.

use http::Request;
use http_body_util::Full;
use serde_json::json;
use wayleave_core::endpoint::Endpoint;
use wayleave_tests::Format;

use super::shape::{Neighbour, OTHER};

/// Asks at every endpoint: neither the gateway nor the end of its route answers.
pub(super) async fn each_is_the_processors(neighbour: &Neighbour) {
    for endpoint in Endpoint::ALL {
        let request = Request::builder()
            .method(endpoint.method())
            .uri(endpoint.path("nothing"))
            .body(Full::default())
            .expect("a request");
        let answer = neighbour.client.send(request).await.expect("an answer");
        let answer = neighbour.client.read(answer).await;
        let what = format!("{:?}, {endpoint:?}: {}", neighbour.shape, answer.text());
        assert!(answer.status != 503 && answer.text() != OTHER, "{what}");
    }
}

/// Asks as Google's clients do, who name the model in the path.
pub(super) async fn google_is_served(neighbour: &Neighbour, model: &str) {
    let request = json!({"contents": [{"role": "user", "parts": [{"text": "Hello there"}]}]});
    let ask = async |method: &str| {
        let path = format!("/v1beta/models/{model}:{method}");
        let answer = neighbour
            .client
            .call(Format::OpenAi, &path, &[], request.to_string())
            .await;
        assert_eq!(answer.status, 200, "{:?}: {}", neighbour.shape, answer.text());
        answer
    };
    let text = "/candidates/0/content/parts/0/text";
    let whole = ask("generateContent").await.json();
    assert!(whole.pointer(text).is_some(), "{whole}");
    let streamed = ask("streamGenerateContent?alt=sse").await;
    let events = streamed.events();
    assert!(
        events.iter().any(|event| event.pointer(text).is_some()),
        "{}",
        streamed.text()
    );
}
