use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wayleave_ext_proc::{Front, Limits, Listener};

use crate::client::{Client, Reply, Version, chunked, get, next_bytes, order, post, request};
use crate::fake::{Events, Fake, Seen};

const BOTH: [Version; 2] = [Version::One, Version::Two];

struct Server {
    address: SocketAddr,
    fake: Fake,
    seen: Events,
    closing: CancellationToken,
    serving: JoinHandle<()>,
}

async fn start() -> Server {
    let (fake, seen) = Fake::new();
    let listener = Listener::tcp("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.address().unwrap();
    let closing = CancellationToken::new();
    let limits = Limits {
        body: 1 << 20,
        ..Limits::default()
    };
    let serving = tokio::spawn(Front::Http(listener).serve(fake.clone(), limits, closing.clone()));
    Server {
        address,
        fake,
        seen,
        closing,
        serving,
    }
}

#[tokio::test]
async fn a_call_reaches_the_engine_and_its_answer_the_client() {
    for version in BOTH {
        let mut server = start().await;
        let mut client = Client::tcp(server.address, version).await;
        let mut request = post("/v1/messages?beta=true", "hello");
        request
            .headers_mut()
            .insert("x-do", HeaderValue::from_static("echo"));
        let reply = client.ask(request).await;
        assert_eq!(
            (reply.status, reply.body),
            (StatusCode::OK, Bytes::from("hello")),
            "{version:?}"
        );
        assert_eq!(reply.headers["content-length"], "5");
        assert_eq!(reply.headers["x-wayleave-call-id"], "call-1");
        let call = server.seen.call().await;
        assert_eq!(call.path, "/v1/messages?beta=true");
        assert_eq!(call.headers["host"], "gateway.test");
        assert_eq!(
            client.ask(get("/v1/models")).await.body,
            "{}",
            "the connection serves on"
        );
    }
}

#[tokio::test]
async fn pieces_reach_the_client_as_they_come() {
    for version in BOTH {
        let server = start().await;
        let mut client = Client::tcp(server.address, version).await;
        let mut body = client.send(order("hang-mid")).await.unwrap().into_body();
        assert_eq!(
            next_bytes(&mut body).await.unwrap().unwrap(),
            "data: 0\n\n",
            "{version:?}"
        );
        let reply = Client::tcp(server.address, version)
            .await
            .ask(order("stream 3 0"))
            .await;
        assert_eq!(reply.body, "data: 0\n\ndata: 1\n\ndata: 2\n\n", "{version:?}");
    }
}

#[tokio::test]
async fn a_cut_answer_breaks_the_connection() {
    for version in BOTH {
        let server = start().await;
        let mut client = Client::tcp(server.address, version).await;
        let mut body = client.send(order("cut")).await.unwrap().into_body();
        assert_eq!(
            next_bytes(&mut body).await.unwrap().unwrap(),
            "data: 0\n\n",
            "{version:?}"
        );
        assert!(
            next_bytes(&mut body).await.unwrap().is_err(),
            "{version:?}: the answer must not end well"
        );
    }
}

#[tokio::test]
async fn a_client_that_leaves_lets_go_of_the_call() {
    for version in BOTH {
        let mut server = start().await;
        let mut client = Client::tcp(server.address, version).await;
        let waiting = tokio::spawn(async move { client.send(order("hang")).await });
        server.seen.call().await;
        waiting.abort();
        assert!(
            matches!(server.seen.dropped().await, Seen::WaitDropped),
            "{version:?}"
        );

        let mut client = Client::tcp(server.address, version).await;
        let mut response = client.send(order("hang-mid")).await.unwrap();
        next_bytes(response.body_mut()).await.unwrap().unwrap();
        server.seen.call().await;
        drop((response, client));
        assert!(
            matches!(server.seen.dropped().await, Seen::PiecesDropped),
            "{version:?}"
        );
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_stops_the_provider() {
    for version in BOTH {
        let mut server = start().await;
        let mut client = Client::tcp(server.address, version).await;
        let response = client.send(order("endless")).await.unwrap();
        server.seen.call().await;
        let mut before = u64::MAX;
        while before != server.fake.streamed() {
            before = server.fake.streamed();
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        assert!(
            (1..32 << 20).contains(&before),
            "{version:?}: {before} bytes are taken"
        );
        let reply = Client::tcp(server.address, version)
            .await
            .ask(get("/v1/models"))
            .await;
        assert_eq!(reply.status, StatusCode::OK, "others are served meanwhile");
        server.seen.call().await;
        drop(response);
        drop(client);
        assert!(
            matches!(server.seen.dropped().await, Seen::PiecesDropped),
            "{version:?}"
        );
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_in_the_client_s_format() {
    for version in BOTH {
        let mut server = start().await;
        let with = |name: &'static str, value: String| {
            let mut request = post("/v1/messages", "{}");
            request
                .headers_mut()
                .insert(name, HeaderValue::from_str(&value).unwrap());
            request
        };
        let mut chunks = post("/v1/messages", "");
        *chunks.body_mut() = chunked(17);
        for (request, status) in [
            (get("/v1/messages"), StatusCode::METHOD_NOT_ALLOWED),
            (
                with("content-type", "text/plain".to_owned()),
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ),
            (
                with("content-encoding", "br".to_owned()),
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ),
            (
                with("content-encoding", "gzip".to_owned()),
                StatusCode::BAD_REQUEST,
            ),
            (
                with("x-bomb", "x".repeat(200 << 10)),
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            ),
            (
                post("/v1/messages", vec![b'x'; (1 << 20) + 1]),
                StatusCode::PAYLOAD_TOO_LARGE,
            ),
            (chunks, StatusCode::PAYLOAD_TOO_LARGE),
        ] {
            let reply = Client::tcp(server.address, version).await.ask(request).await;
            assert_eq!(reply.status, status, "{version:?}");
            assert_eq!(
                reply.json()["type"],
                "error",
                "{version:?} {status}: Anthropic's format"
            );
        }
        assert!(server.seen.is_empty(), "none of them is a call");
    }
}

#[tokio::test]
async fn unknown_paths_and_head_are_refused() {
    for version in BOTH {
        let mut server = start().await;
        let reply = Client::tcp(server.address, version)
            .await
            .ask(get("/nowhere"))
            .await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND);
        assert!(
            reply.json()["error"]["message"]
                .as_str()
                .unwrap()
                .contains("/nowhere")
        );
        let head = request(Method::HEAD, "/v1/models", Bytes::new());
        let reply = Client::tcp(server.address, version).await.ask(head).await;
        assert_eq!(
            (reply.status, reply.body.len()),
            (StatusCode::METHOD_NOT_ALLOWED, 0)
        );
        assert!(server.seen.is_empty(), "none of them is a call");
    }
}

#[tokio::test]
async fn requests_in_flight_end_before_the_server_does() {
    for version in BOTH {
        let mut server = start().await;
        let idle = Client::tcp(server.address, version).await;
        let mut client = Client::tcp(server.address, version).await;
        let response = client.send(order("stream 3 50")).await.unwrap();
        server.seen.call().await;
        server.closing.cancel();
        let reply = Reply::read(response).await;
        assert_eq!(reply.body, "data: 0\n\ndata: 1\n\ndata: 2\n\n", "{version:?}");
        tokio::time::timeout(Duration::from_secs(5), server.serving)
            .await
            .expect("it ends")
            .unwrap();
        assert!(
            TcpStream::connect(server.address).await.is_err(),
            "nobody listens any more"
        );
        drop(idle);
    }
}

#[tokio::test]
async fn a_panic_breaks_its_own_call_only() {
    for version in BOTH {
        let server = start().await;
        assert!(
            Client::tcp(server.address, version)
                .await
                .send(order("panic"))
                .await
                .is_err(),
            "{version:?}"
        );
        let reply = Client::tcp(server.address, version)
            .await
            .ask(get("/v1/models"))
            .await;
        assert_eq!(reply.status, StatusCode::OK);
    }
}

/// Time is paused: it jumps to the next timer whenever nothing else is to do.
#[tokio::test(start_paused = true)]
async fn a_client_that_dawdles_is_put_out() {
    let server = start().await;
    for start in [
        "",
        "PRI * HT",
        "GET /v1/models HTTP/1.1\r\nhost: g",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(start.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(600), stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "{start:?}: still connected");
    }
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"POST /v1/messages HTTP/1.1\r\nhost: g\r\ncontent-length: 5\r\n\r\nab")
        .await
        .unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 400");
}
