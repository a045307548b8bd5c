//! Large requests and answers: 20 MB pass, 40 MB do not.

use serde_json::json;
use wayleave_sim::{Sim, SimOptions};
use wayleave_tests::{Format, Front, Gateway, HEAVY, Manifests, on_every_front, raw};

on_every_front!(large_ones_pass, too_large_ones_are_refused, the_limit_can_be_set);

const MB: usize = 1_000_000;

async fn start(front: Front, flags: &[&str]) -> (Sim, Gateway) {
    let sim = Sim::start(SimOptions::default()).unwrap();
    let manifests = Manifests::default()
        .openai("p", &sim)
        .to("small", "p", "small")
        .to("large", "p", "large?bytes=20MiB");
    let gateway = Gateway::start_with(front, &manifests, flags).await;
    (sim, gateway)
}

fn request(format: Format, bytes: usize) -> String {
    let mut request = format.request("small", false);
    request["messages"][0]["content"] = json!("x".repeat(bytes));
    request.to_string()
}

async fn large_ones_pass(front: Front) {
    let _alone = HEAVY.lock().await;
    let (sim, gateway) = start(front, &[]).await;
    let client = gateway.client();
    for format in Format::ALL {
        let answer = client
            .call(format, format.path(), &[], request(format, 20 * MB))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let seen = sim.requests().last().unwrap().body.len();
        assert!(seen >= 20 * MB, "the provider saw {seen} bytes");
        for stream in [false, true] {
            let answer = client.ask(format, &format.request("large", stream)).await;
            assert_eq!((answer.status.as_u16(), answer.complete), (200, true));
            let said = answer.said(format).len();
            assert_eq!(said, 20 << 20, "{format:?}, stream: {stream}");
            if stream {
                assert!(answer.events().iter().any(|event| format.is_end(event)), "no end");
            }
        }
    }
    gateway.log.assert_calm();
    gateway.finish().await;
}

/// The clients read while they still send, as curl does, and get the answer whole.
async fn too_large_ones_are_refused(front: Front) {
    let _alone = HEAVY.lock().await;
    let (sim, gateway) = start(front, &[]).await;
    for format in Format::ALL {
        let credential = gateway.client().credential().to_owned();
        let own = format.headers(&credential);
        let headers: Vec<(&str, &str)> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let body = request(format, 40 * MB);
        for bytes in [
            raw::post(format.path(), &headers, &body),
            raw::post_chunked(format.path(), &headers, &body),
        ] {
            let answer = raw::exchange(gateway.address, &bytes).await;
            let (head, body) = answer.split_once("\r\n\r\n").expect("a whole head");
            assert!(head.starts_with("HTTP/1.1 413 "), "{head}");
            let body = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"));
            let message = format.error_message(&body);
            assert!(message.contains("--max-request-bytes"), "{message}");
        }
        assert_eq!(gateway.client().chat("small").await.status, 200);
    }
    assert_eq!(
        sim.requests().len(),
        Format::ALL.len(),
        "only the small ones came through"
    );
    gateway.log.assert_calm();
    gateway.finish().await;
}

async fn the_limit_can_be_set(front: Front) {
    let (_sim, gateway) = start(front, &["--max-request-bytes", "10Ki"]).await;
    let client = gateway.client();
    let status = async |bytes| {
        let body = request(Format::OpenAi, bytes);
        client
            .call(Format::OpenAi, Format::OpenAi.path(), &[], body)
            .await
            .status
            .as_u16()
    };
    assert_eq!((status(9_000).await, status(11_000).await), (200, 413));
    gateway.log.assert_calm();
    gateway.finish().await;
}
