//! Google's Gemini format and its tokens.

use std::slice::from_ref;

use super::client::{Answer, Client, read, start};
use bytes::Bytes;
use http::{HeaderValue, Method};
use serde_json::{Value, json};
use wayleave_sim::Sim;

#[derive(Clone, Copy)]
enum How {
    Whole,
    Events,
    Array,
}

const STREAMS: [How; 2] = [How::Events, How::Array];

/// The model's behaviour is escaped, as it stands in a path.
fn path(model: &str, how: How) -> String {
    let model = model.replace('?', "%3F");
    match how {
        How::Whole => format!("/v1beta/models/{model}:generateContent"),
        How::Events => format!("/v1beta/models/{model}:streamGenerateContent?alt=sse"),
        How::Array => format!("/v1beta/models/{model}:streamGenerateContent"),
    }
}

fn hello() -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": "Hello there"}]}]})
}

fn with_tool(mode: &str) -> Value {
    let parameters =
        json!({"type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]});
    let mut body = hello();
    body["tools"] = json!([{"functionDeclarations": [{"name": "weather", "parameters": parameters}]}]);
    body["toolConfig"] = json!({"functionCallingConfig": {"mode": mode}});
    body
}

fn client(sim: &Sim) -> Client {
    Client::h1(sim).with_headers(&[("x-goog-api-key", "goog-key")])
}

async fn ask(client: &Client, model: &str, how: How) -> Answer {
    client.call(&path(model, how), &hello()).await
}

/// The objects of a stream, however it comes.
fn objects(answer: &Answer, how: How) -> Vec<Value> {
    match how {
        How::Events => answer.events(),
        How::Array => answer.json().as_array().expect("an array").clone(),
        How::Whole => vec![answer.json()],
    }
}

fn parts(object: &Value) -> &[Value] {
    let parts = object["candidates"][0]["content"]["parts"].as_array();
    parts.map_or(&[], Vec::as_slice)
}

fn text_of(objects: &[Value], thought: bool) -> String {
    let parts = objects.iter().flat_map(parts);
    let ours = parts.filter(|part| (part["thought"] == true) == thought);
    ours.filter_map(|part| part["text"].as_str()).collect()
}

#[tokio::test]
async fn a_whole_answer() {
    let sim = start();
    let answer = ask(
        &client(&sim),
        "gemini-2.5-pro?tokens=5&reasoning=3&cached=9",
        How::Whole,
    )
    .await;
    assert_eq!(answer.headers["content-type"], "application/json; charset=UTF-8");
    let body = answer.json();
    assert_eq!(body["modelVersion"], "gemini-2.5-pro");
    assert_eq!(
        parts(&body),
        [
            json!({"text": "Thinking about gemini-2.5-pro:", "thought": true}),
            json!({"text": "Answer from gemini-2.5-pro: rain falls"})
        ]
    );
    assert_eq!(body["candidates"][0]["finishReason"], "STOP");
    let usage = &body["usageMetadata"];
    for (name, count) in [
        ("promptTokenCount", 16),
        ("cachedContentTokenCount", 9),
        ("candidatesTokenCount", 5),
        ("thoughtsTokenCount", 3),
        ("totalTokenCount", 24),
    ] {
        assert_eq!(usage[name], count, "{name}");
    }
    let [request] = &sim.requests()[..] else {
        panic!("{:?}", sim.requests())
    };
    assert_eq!(
        (request.model.as_deref(), request.key.as_deref()),
        (Some("gemini-2.5-pro"), Some("goog-key"))
    );
}

#[tokio::test]
async fn a_stream_is_events_or_an_array() {
    let sim = start();
    let client = client(&sim);
    let whole = ask(&client, "gemini-2.5-pro?reasoning=4", How::Whole)
        .await
        .json();
    for how in STREAMS {
        let answer = ask(&client, "gemini-2.5-pro?reasoning=4", how).await;
        let objects = objects(&answer, how);
        assert!(objects.len() > 4);
        assert_eq!(text_of(&objects, true), text_of(from_ref(&whole), true));
        assert_eq!(text_of(&objects, false), text_of(from_ref(&whole), false));
        let (last, others) = objects.split_last().expect("objects");
        assert_eq!(last["candidates"][0]["finishReason"], "STOP");
        assert_eq!(last["usageMetadata"], whole["usageMetadata"]);
        for other in others {
            assert!(other["candidates"][0].get("finishReason").is_none());
            assert_eq!(other["responseId"], last["responseId"]);
            assert!(other["usageMetadata"]["promptTokenCount"].is_number());
        }
    }
    let events = ask(&client, "m", How::Events).await;
    assert_eq!(events.headers["content-type"], "text/event-stream");
    assert!(events.text.starts_with("data: {") && events.text.ends_with("}\r\n\r\n"));
    assert_eq!(
        events.text.matches('\n').count(),
        events.text.matches("\r\n").count()
    );
    let array = ask(&client, "m", How::Array).await;
    assert_eq!(array.headers["content-type"], "application/json; charset=UTF-8");
}

#[tokio::test]
async fn calls_have_signatures_and_no_ids() {
    let sim = start();
    let client = client(&sim);
    for how in [How::Whole, How::Events, How::Array] {
        let answer = client
            .call(&path("gemini-3-pro?tools=2", how), &with_tool("AUTO"))
            .await;
        let objects = objects(&answer, how);
        let calls: Vec<&Value> = objects
            .iter()
            .flat_map(parts)
            .filter(|part| part.get("functionCall").is_some())
            .collect();
        assert_eq!(calls.len(), 2);
        assert_eq!(
            calls[0]["functionCall"],
            json!({"name": "weather", "args": {"city": "sample"}})
        );
        assert!(calls[0]["thoughtSignature"].is_string() && calls[1].get("thoughtSignature").is_none());
        let last = objects.last().expect("objects");
        assert_eq!(last["candidates"][0]["finishReason"], "STOP");
    }
}

#[tokio::test]
async fn gemini_3_wants_its_signatures_back() {
    let sim = start();
    let client = client(&sim);
    let with = |signature: Option<&Value>, model: &'static str| {
        let mut call = json!({"functionCall": {"name": "weather", "args": {"city": "sample"}}});
        if let Some(signature) = signature {
            call["thoughtSignature"] = signature.clone();
        }
        let mut body = with_tool("AUTO");
        let contents = body["contents"].as_array_mut().expect("contents");
        contents.push(json!({"role": "model", "parts": [call]}));
        let result = json!({"functionResponse": {"name": "weather", "response": {"weather": "rain"}}});
        contents.push(json!({"role": "user", "parts": [result]}));
        let client = &client;
        async move { client.call(&path(model, How::Whole), &body).await }
    };
    let first = client
        .call(&path("gemini-3-pro", How::Whole), &with_tool("ANY"))
        .await
        .json();
    let signature = parts(&first)[0]["thoughtSignature"].clone();
    let missing = with(None, "gemini-3-pro").await;
    assert_eq!(
        (missing.status.as_u16(), &missing.json()["error"]["status"]),
        (400, &json!("INVALID_ARGUMENT"))
    );
    for given in [
        signature,
        json!("skip_thought_signature_validator"),
        json!("context_engineering_is_the_way_to_go"),
    ] {
        let answer = with(Some(&given), "gemini-3-pro").await;
        assert_eq!(answer.status, 200, "{given}: {}", answer.text);
        assert!(parts(&answer.json())[0]["text"].is_string());
    }
    assert_eq!(with(None, "gemini-2.5-pro").await.status, 200);
}

#[tokio::test]
async fn answers_can_be_filtered_blocked_or_json() {
    let sim = start();
    let client = client(&sim);
    for (model, reason) in [
        ("m?finish=length", "MAX_TOKENS"),
        ("m?finish=content_filter", "SAFETY"),
    ] {
        let body = ask(&client, model, How::Whole).await.json();
        assert_eq!(body["candidates"][0]["finishReason"], reason);
    }
    for how in STREAMS {
        let objects = objects(&ask(&client, "m?refusal", how).await, how);
        assert_eq!(objects.len(), 1);
        assert_eq!(objects[0]["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
        assert!(objects[0].get("candidates").is_none());
    }
    let schema = json!({"type": "OBJECT", "properties": {"n": {"type": "INTEGER"}}, "required": ["n"]});
    let mut body = hello();
    for name in ["responseSchema", "responseJsonSchema"] {
        body["generationConfig"] = json!({"responseMimeType": "application/json", name: schema});
        let answer = client.call(&path("m", How::Whole), &body).await.json();
        assert_eq!(parts(&answer)[0]["text"], r#"{"n":1}"#, "{name}");
    }
}

#[tokio::test]
async fn errors_have_google_s_form() {
    let sim = start();
    let client = client(&sim);
    for (model, status, name) in [
        ("m?status=429", 429, "RESOURCE_EXHAUSTED"),
        ("m?error=invalid_key", 400, "INVALID_ARGUMENT"),
        ("m?error=overloaded", 503, "UNAVAILABLE"),
        ("m?error=model_not_found", 404, "NOT_FOUND"),
        ("m?tfft=1s", 400, "INVALID_ARGUMENT"),
    ] {
        for how in [How::Whole, How::Events, How::Array] {
            let answer = ask(&client, model, how).await;
            let error = &answer.json()["error"];
            assert_eq!(
                (answer.status.as_u16(), &error["code"], &error["status"]),
                (status, &json!(status), &json!(name)),
                "{model}"
            );
        }
    }
    let streamed = ask(&client, "m?status=429&retry-after=48", How::Events).await;
    assert_eq!(streamed.headers["content-type"], "text/event-stream");
    assert!(!streamed.headers.contains_key("retry-after"));
    assert_eq!(streamed.json()["error"]["details"][0]["retryDelay"], "48s");
    let keyless = Client::h1(&sim).with_key(None);
    assert_eq!(ask(&keyless, "m", How::Whole).await.status, 403);
    let in_query = keyless
        .call(&format!("{}&key=k", path("m", How::Events)), &hello())
        .await;
    assert_eq!(in_query.status, 200);
}

#[tokio::test]
async fn streams_can_go_wrong() {
    let sim = start();
    let client = client(&sim);
    for how in STREAMS {
        let first = objects(&ask(&client, "m?fault=error-frame&status=500", how).await, how);
        assert_eq!(
            (first.len(), &first[0]["error"]["status"]),
            (1, &json!("INTERNAL"))
        );
        let mid = objects(&ask(&client, "m?chunks=10&fault=error-mid", how).await, how);
        assert_eq!(text_of(&mid, false).len(), 20);
        assert_eq!(mid.last().expect("objects")["error"]["status"], "UNAVAILABLE");
        let empty = objects(&ask(&client, "m?fault=empty-done", how).await, how);
        assert_eq!(
            (
                text_of(&empty, false).len(),
                &empty[0]["candidates"][0]["finishReason"]
            ),
            (0, &json!("STOP"))
        );
    }
    let open = ask(&client, "m?chunks=10&fault=no-done", How::Events).await;
    assert!(open.complete && !open.text.contains("finishReason"));
    let open = ask(&client, "m?chunks=10&fault=no-done", How::Array).await;
    assert!(open.complete && open.text.starts_with('[') && !open.text.trim_end().ends_with(']'));
    assert!(!ask(&client, "m?fault=cut", How::Events).await.complete);
}

#[tokio::test]
async fn tokens_are_counted_and_models_listed() {
    let sim = start();
    let client = client(&sim);
    let path = "/v1beta/models/gemini-2.5-pro:countTokens";
    let wrapped = json!({"generateContentRequest": hello()});
    for body in [hello(), wrapped] {
        assert_eq!(client.call(path, &body).await.json()["totalTokens"], 7);
    }
    let list = client.send(Method::GET, "/v1beta/models", Bytes::new()).await;
    let list = read(list.expect("headers")).await.json();
    assert_eq!(list["models"][0]["name"], "models/sim-large");
}

#[tokio::test]
async fn assertions_get_tokens() {
    let sim = start();
    let client = Client::h1(&sim).with_key(None);
    let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
    let post = |assertion: &str| {
        let form = format!("grant_type={grant}&assertion={assertion}");
        let client = &client;
        async move {
            read(
                client
                    .send(Method::POST, "/token", form.into())
                    .await
                    .expect("headers"),
            )
            .await
        }
    };
    let token = post("eyJh.eyJp.c2ln").await.json();
    assert_eq!(
        (&token["token_type"], &token["expires_in"]),
        (&json!("Bearer"), &json!(3_600))
    );
    assert!(
        token["access_token"]
            .as_str()
            .expect("a token")
            .starts_with("ya29.")
    );
    let refused = post("eyJh.eyJp").await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["error"]),
        (400, &json!("invalid_grant"))
    );
    sim.script("token", &["status=503"]).expect("known");
    assert_eq!(post("eyJh.eyJp.c2ln").await.status, 503);
    let answer = post("eyJh.eyJp.c2ln").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["content-type"]),
        (200, &HeaderValue::from_static("application/json; charset=UTF-8"))
    );
}
