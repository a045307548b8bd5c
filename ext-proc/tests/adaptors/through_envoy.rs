use std::convert::Infallible;
use std::io::Write;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use wayleave_ext_proc::envoy::bootstrap::Adaptor;

use crate::client::{RequestBody, Version, chunked, get, next_bytes, order, post, request};
use crate::envoy_process::Gateway;
use crate::fake::Seen;

const BOTH: [Version; 2] = [Version::One, Version::Two];
const ADAPTORS: [Adaptor; 2] = [Adaptor::ExtProc, Adaptor::Http];

async fn start(adaptor: Adaptor) -> Option<Gateway> {
    Gateway::start(adaptor, |_| {}).await
}

fn encoded(encoding: &'static str, body: Vec<u8>) -> Request<RequestBody> {
    let mut request = post("/v1/messages", body);
    request
        .headers_mut()
        .insert("content-encoding", HeaderValue::from_static(encoding));
    request
        .headers_mut()
        .insert("x-do", HeaderValue::from_static("echo"));
    request
}

#[tokio::test]
async fn calls_pass_and_the_access_log_says_what_they_came_to() {
    for adaptor in ADAPTORS {
        let Some(mut gateway) = start(adaptor).await else {
            return;
        };
        for version in BOTH {
            let mut client = gateway.client(version).await;
            let reply = client.ask(order("whole 2000")).await;
            assert_eq!(
                (reply.status, reply.body.len()),
                (StatusCode::OK, 2000),
                "{adaptor:?} {version:?}"
            );
            assert_eq!(reply.headers["content-length"], "2000");
            assert_eq!(reply.headers["x-wayleave-call-id"], "call-1");
            assert_eq!(gateway.seen.call().await.body, "{}");
            assert_eq!(client.ask(get("/v1/models")).await.body, "{}");
            assert_eq!(gateway.seen.call().await.path, "/v1/models");
            let reply = client.ask(order("stream 3 0")).await;
            assert_eq!(reply.body, "data: 0\n\ndata: 1\n\ndata: 2\n\n");
            gateway.seen.call().await;
        }
        let log = gateway.access_log().await;
        assert_eq!(log.len(), 6);
        let whole = log.iter().filter(|line| line["bytes_out"] == 2000);
        let calls: Vec<_> = whole.map(|line| &line["call"]).collect();
        assert_eq!(calls, ["call-1", "call-1"], "{adaptor:?}");
        for line in log {
            if adaptor == Adaptor::ExtProc {
                assert_eq!(
                    (&line["call"], &line["class"]),
                    (&json!("call-1"), &json!("ok")),
                    "{line}"
                );
                assert_eq!(
                    (&line["output_tokens"], &line["cost_usd"]),
                    (&json!(5), &json!(0.00125)),
                    "{line}"
                );
            }
        }
    }
}

#[tokio::test]
async fn streams_come_piece_by_piece_and_a_cut_is_seen() {
    for adaptor in ADAPTORS {
        let Some(gateway) = start(adaptor).await else {
            return;
        };
        for version in BOTH {
            let mut client = gateway.client(version).await;
            let mut held = client.send(order("hang-mid")).await.unwrap();
            let first = next_bytes(held.body_mut()).await.unwrap().unwrap();
            assert_eq!(first, "data: 0\n\n", "{adaptor:?} {version:?}");
            let mut client = gateway.client(version).await;
            let mut cut = client.send(order("cut")).await.unwrap();
            let first = next_bytes(cut.body_mut()).await.unwrap().unwrap();
            assert_eq!(first, "data: 0\n\n", "{adaptor:?} {version:?}");
            let last = next_bytes(cut.body_mut()).await;
            assert!(
                matches!(last, Some(Err(_))),
                "{adaptor:?} {version:?}: the answer must not end well"
            );
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_lets_go_of_the_call() {
    for adaptor in ADAPTORS {
        let Some(mut gateway) = start(adaptor).await else {
            return;
        };
        for version in BOTH {
            let mut client = gateway.client(version).await;
            let waiting = tokio::spawn(async move { client.send(order("hang")).await });
            gateway.seen.call().await;
            waiting.abort();
            let seen = gateway.seen.dropped().await;
            assert!(matches!(seen, Seen::WaitDropped), "{adaptor:?} {version:?}");

            let mut client = gateway.client(version).await;
            let mut response = client.send(order("hang-mid")).await.unwrap();
            gateway.seen.call().await;
            next_bytes(response.body_mut()).await.unwrap().unwrap();
            drop((response, client));
            let seen = gateway.seen.dropped().await;
            assert!(matches!(seen, Seen::PiecesDropped), "{adaptor:?} {version:?}");
        }
    }
}

#[tokio::test]
async fn twenty_megabytes_pass_both_ways_and_forty_are_refused() {
    for adaptor in ADAPTORS {
        let Some(mut gateway) = start(adaptor).await else {
            return;
        };
        for version in BOTH {
            let large = Bytes::from(vec![b'x'; 20 << 20]);
            let mut both_ways = post("/v1/messages", large.clone());
            both_ways
                .headers_mut()
                .insert("x-do", HeaderValue::from_static("echo"));
            let reply = gateway.client(version).await.ask(both_ways).await;
            assert!(
                reply.body == large,
                "{adaptor:?} {version:?}: {} bytes",
                reply.body.len()
            );
            assert_eq!(gateway.seen.call().await.body.len(), large.len());

            let mut told = post("/v1/messages", "");
            *told.body_mut() = chunked(640);
            let mut untold = post("/v1/messages", "");
            *untold.body_mut() = chunked(640);
            told.headers_mut()
                .insert("content-length", HeaderValue::from(40 << 20));
            for request in [told, untold] {
                let reply = gateway.client(version).await.ask(request).await;
                assert_eq!(
                    reply.status,
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "{adaptor:?} {version:?}"
                );
                let message = reply.json()["error"]["message"].as_str().unwrap().to_owned();
                assert!(
                    message.contains("--max-request-bytes"),
                    "{adaptor:?}: ours, not Envoy's: {message}"
                );
            }
            assert!(gateway.seen.is_empty());
        }
    }
}

/// However much of it is still to come.
#[tokio::test]
async fn what_is_turned_away_by_its_head_is_told_so() {
    for adaptor in ADAPTORS {
        let Some(gateway) = start(adaptor).await else {
            return;
        };
        for version in BOTH {
            for _ in 0..10 {
                let mut request = post("/v1/messages", Bytes::from(vec![b'x'; 20 << 20]));
                let text = HeaderValue::from_static("text/plain");
                request.headers_mut().insert("content-type", text);
                let reply = gateway.client(version).await.ask(request).await;
                assert_eq!(
                    reply.status,
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "{adaptor:?} {version:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn encoded_bodies_are_decoded() {
    let Some(mut gateway) = start(Adaptor::ExtProc).await else {
        return;
    };
    let plain = br#"{"model":"chat"}"#;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(plain).unwrap();
    let zstd = ruzstd::encoding::compress_to_vec(&plain[..], ruzstd::encoding::CompressionLevel::Fastest);
    for request in [encoded("gzip", gzip.finish().unwrap()), encoded("zstd", zstd)] {
        let reply = gateway.client(Version::One).await.ask(request).await;
        assert_eq!(reply.body, &plain[..]);
        gateway.seen.call().await;
    }
    let bomb = ruzstd::encoding::compress_to_vec(
        &vec![0; 40 << 20][..],
        ruzstd::encoding::CompressionLevel::Fastest,
    );
    for (request, status) in [
        (encoded("zstd", bomb), StatusCode::PAYLOAD_TOO_LARGE),
        (encoded("gzip", plain.to_vec()), StatusCode::BAD_REQUEST),
        (encoded("br", plain.to_vec()), StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        let reply = gateway.client(Version::One).await.ask(request).await;
        assert_eq!((reply.status, &reply.json()["type"]), (status, &json!("error")));
    }
}

#[tokio::test]
async fn what_envoy_itself_refuses_is_in_the_client_s_format() {
    for adaptor in ADAPTORS {
        let Some(mut gateway) = start(adaptor).await else {
            return;
        };
        let with = |path: &str, header: &'static str, value: String| {
            let mut request = get(path);
            request
                .headers_mut()
                .insert(header, HeaderValue::from_str(&value).unwrap());
            request
        };
        for version in BOTH {
            let reply = gateway.client(version).await.ask(get("/nowhere")).await;
            assert_eq!(reply.status, StatusCode::NOT_FOUND, "{adaptor:?} {version:?}");
            assert_eq!(reply.json()["error"]["code"], "unknown_path");
            let anthropic = with("/nowhere", "anthropic-version", "2023-06-01".to_owned());
            let reply = gateway.client(version).await.ask(anthropic).await;
            assert_eq!(
                (reply.status, &reply.json()["type"]),
                (StatusCode::NOT_FOUND, &json!("error"))
            );
            let head = request(Method::HEAD, "/v1/models", Bytes::new());
            let reply = gateway.client(version).await.ask(head).await;
            assert_eq!(
                (reply.status, reply.body.len()),
                (StatusCode::METHOD_NOT_ALLOWED, 0)
            );
        }
        let bomb = with("/v1/models", "x-bomb", "x".repeat(100 << 10));
        let reply = gateway.client(Version::One).await.ask(bomb).await;
        assert_eq!(
            reply.status,
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "{adaptor:?}"
        );
        assert_eq!(reply.json()["error"]["code"], "headers_too_large");
        assert!(gateway.seen.is_empty());
    }
}

#[tokio::test]
async fn a_dead_processor_is_a_503_and_it_recovers() {
    for adaptor in ADAPTORS {
        let Some(mut gateway) = start(adaptor).await else {
            return;
        };
        for version in BOTH {
            gateway.kill_adaptor().await;
            for (path, anthropic) in [("/v1/messages", true), ("/v1/chat/completions?a=b", false)] {
                let reply = gateway.client(version).await.ask(post(path, "{}")).await;
                assert_eq!(
                    reply.status,
                    StatusCode::SERVICE_UNAVAILABLE,
                    "{adaptor:?} {version:?}"
                );
                assert_eq!(reply.json()["type"] == "error", anthropic, "{adaptor:?} {path}");
            }
            gateway.restart_adaptor().await;
            let reply = gateway.client(version).await.ask(get("/v1/models")).await;
            assert_eq!(reply.status, StatusCode::OK, "{adaptor:?} {version:?}");
            gateway.seen.call().await;
        }
    }
}

#[tokio::test]
async fn a_processor_that_dies_breaks_what_it_was_saying() {
    for adaptor in ADAPTORS {
        let Some(mut gateway) = start(adaptor).await else {
            return;
        };
        let mut client = gateway.client(Version::One).await;
        let mut response = client.send(order("hang-mid")).await.unwrap();
        next_bytes(response.body_mut()).await.unwrap().unwrap();
        gateway.kill_adaptor().await;
        assert!(
            next_bytes(response.body_mut()).await.unwrap().is_err(),
            "{adaptor:?}: must not end well"
        );
    }
}

#[tokio::test]
async fn a_panic_is_a_503_and_never_lets_a_request_through() {
    let Some(gateway) = start(Adaptor::ExtProc).await else {
        return;
    };
    let reply = gateway.client(Version::One).await.ask(order("panic")).await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    let reply = gateway.client(Version::One).await.ask(get("/v1/models")).await;
    assert_eq!(reply.status, StatusCode::OK);
}

/// An upstream that answers with the method, the path and the body that it gets.
async fn native() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let service = service_fn(|request: Request<Incoming>| async move {
                    let line = format!("{} {}", request.method(), request.uri().path());
                    let mut response = Response::new(request.into_body());
                    response
                        .headers_mut()
                        .insert("x-seen", HeaderValue::from_str(&line).unwrap());
                    Ok::<_, Infallible>(response)
                });
                let _ = auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    address
}

#[tokio::test]
async fn in_another_s_envoy_foreign_paths_pass_natively() {
    let upstream = native().await;
    let edit = |config: &mut Value| {
        let listener = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
        let routes = config
            .pointer_mut(listener)
            .unwrap()
            .pointer_mut("/route_config/virtual_hosts/0/routes");
        routes.unwrap()[1] = json!({"match": {"prefix": "/"}, "route": {"cluster": "native"}});
        let address = json!({"socket_address": {"address": "127.0.0.1", "port_value": upstream.port()}});
        config["static_resources"]["clusters"]
            .as_array_mut()
            .unwrap()
            .push(json!({
                "name": "native",
                "type": "STATIC",
                "load_assignment": {"cluster_name": "native", "endpoints": [{"lb_endpoints": [
                    {"endpoint": {"address": address}},
                ]}]},
            }));
    };
    let Some(mut gateway) = Gateway::start(Adaptor::ExtProc, edit).await else {
        return;
    };
    for version in BOTH {
        let large = Bytes::from(vec![b'x'; 20 << 20]);
        for body in [Bytes::new(), Bytes::from("small"), large] {
            let request = request(Method::PUT, "/native", body.clone());
            let reply = gateway.client(version).await.ask(request).await;
            assert_eq!(reply.status, StatusCode::OK, "{version:?}: {} bytes", body.len());
            assert_eq!(reply.headers["x-seen"], "PUT /native");
            assert!(
                reply.body == body,
                "{version:?}: {} of {} bytes",
                reply.body.len(),
                body.len()
            );
        }
        let mut streamed = request(Method::PUT, "/native", Bytes::new());
        *streamed.body_mut() = chunked(10);
        assert_eq!(
            gateway.client(version).await.ask(streamed).await.body.len(),
            640 << 10,
            "{version:?}"
        );
        assert_eq!(
            gateway.client(version).await.ask(get("/native")).await.status,
            StatusCode::OK
        );
        assert_eq!(
            gateway.client(version).await.ask(get("/v1/models")).await.body,
            "{}"
        );
        gateway.seen.call().await;
        assert!(gateway.seen.is_empty());
    }
}
