//! Requests that the gateway refuses: a clear 4xx in the client's own format, and not a word at the level of errors.

use wayleave_sim::{Sim, SimOptions};
use wayleave_tests::{Client, Format, Front, Gateway, Manifests, on_every_front, raw};

on_every_front!(bad_requests, other_paths, header_bombs);

/// A bad request.
struct Bad {
    name: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    status: u16,
    /// What the message has to tell.
    tells: &'static str,
}

const BAD: [Bad; 11] = [
    Bad {
        name: "no body",
        headers: &[],
        body: "",
        status: 400,
        tells: "JSON",
    },
    Bad {
        name: "broken JSON",
        headers: &[],
        body: "{\"model\": \"chat\", ",
        status: 400,
        tells: "JSON",
    },
    Bad {
        name: "no object",
        headers: &[],
        body: "[1, 2]",
        status: 400,
        tells: "object",
    },
    Bad {
        name: "no Unicode",
        headers: &[],
        body: "{\"model\": \"\\ud800\"}",
        status: 400,
        tells: "Unicode",
    },
    Bad {
        name: "no model",
        headers: &[],
        body: "{\"messages\": []}",
        status: 400,
        tells: "model",
    },
    Bad {
        name: "a model that is no text",
        headers: &[],
        body: "{\"model\": 7}",
        status: 400,
        tells: "model",
    },
    Bad {
        name: "an unknown model",
        headers: &[],
        body: "{\"model\": \"nowhere\", \"max_tokens\": 9, \"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}",
        status: 404,
        tells: "/v1/models",
    },
    Bad {
        name: "no JSON type",
        headers: &[("content-type", "text/plain")],
        body: "{\"model\": \"chat\"}",
        status: 415,
        tells: "application/json",
    },
    Bad {
        name: "a form",
        headers: &[("content-type", "multipart/form-data; boundary=x")],
        body: "--x--",
        status: 415,
        tells: "application/json",
    },
    Bad {
        name: "no gzip",
        headers: &[("content-encoding", "gzip")],
        body: "{\"model\": \"chat\"}",
        status: 400,
        tells: "gzip",
    },
    Bad {
        name: "an unknown encoding",
        headers: &[("content-encoding", "br")],
        body: "{\"model\": \"chat\"}",
        status: 415,
        tells: "zstd",
    },
];

async fn start(front: Front) -> (Sim, Gateway) {
    let sim = Sim::start(SimOptions::default()).unwrap();
    let manifests = Manifests::default().openai("p", &sim).to("chat", "p", "m");
    let gateway = Gateway::start(front, &manifests).await;
    (sim, gateway)
}

async fn finish(sim: &Sim, gateway: Gateway) {
    assert!(
        sim.requests().is_empty(),
        "a provider was asked: {:?}",
        sim.requests()
    );
    assert_eq!(gateway.client().chat("chat").await.status, 200, "it still serves");
    gateway.log.assert_calm();
    gateway.finish().await;
}

async fn bad_requests(front: Front) {
    let (sim, gateway) = start(front).await;
    for client in [gateway.client(), gateway.http2_client()] {
        for format in Format::ALL {
            for bad in &BAD {
                let name = bad.name;
                let answer = client.call(format, format.path(), bad.headers, bad.body).await;
                assert_eq!(answer.status, bad.status, "{name}: {}", answer.text());
                let message = format.error_message(&answer.json());
                assert!(message.contains(bad.tells), "{name}: {message}");
                assert_eq!(answer.header("content-type"), "application/json", "{name}");
            }
        }
    }
    finish(&sim, gateway).await;
}

/// Whatever else the gateway's paths may be asked: it is not ours, and says so in the client's format.
async fn other_paths(front: Front) {
    let (sim, gateway) = start(front).await;
    let client = gateway.client();
    let paths = [
        "/",
        "/v1",
        "/v1/messages/batches",
        "/v2/chat/completions",
        "/v1/files",
        "/metrics",
        "/ledger",
        "/config",
    ];
    for path in paths {
        for format in Format::ALL {
            let body = format.request("chat", false).to_string();
            let answers = [
                client.call(format, path, &[], body).await,
                get(&client, format, path).await,
            ];
            for answer in answers {
                assert_eq!(answer.status, 404, "{path}: {}", answer.text());
                let message = format.error_message(&answer.json());
                assert!(message.contains("/v1/chat/completions"), "{path}: {message}");
            }
        }
    }
    for format in Format::ALL {
        let answer = get(&client, format, format.path()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("allow")),
            (405, "POST"),
            "{}",
            answer.text()
        );
        let message = format.error_message(&answer.json());
        assert!(message.contains("POST"), "{message}");
    }
    finish(&sim, gateway).await;
}

async fn get(client: &Client, format: Format, path: &str) -> wayleave_tests::Answer {
    let own = format.headers(client.credential());
    let own: Vec<(&str, &str)> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
    client.get(path, &own).await
}

/// 400 headers of 1 KiB.
async fn header_bombs(front: Front) {
    let (sim, gateway) = start(front).await;
    let value = "x".repeat(1 << 10);
    let names: Vec<String> = (0..400).map(|number| format!("x-bomb-{number}")).collect();
    for format in Format::ALL {
        let credential = gateway.client().credential().to_owned();
        let own = format.headers(&credential);
        let mut headers: Vec<(&str, &str)> =
            own.iter().map(|(name, value)| (*name, value.as_str())).collect();
        headers.extend(names.iter().map(|name| (name.as_str(), value.as_str())));
        let body = format.request("chat", false).to_string();
        let answer = raw::exchange(gateway.address, &raw::post(format.path(), &headers, &body)).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let message = format.error_message(&serde_json::from_str(body).unwrap());
        assert!(message.contains("headers"), "{message}");
    }
    finish(&sim, gateway).await;
}
