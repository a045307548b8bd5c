//! The processor, spoken to as Envoy does.

use std::time::Duration;

use envoy_types::pb::envoy::config::core::v3::{HeaderMap, HeaderValue};
use envoy_types::pb::envoy::service::ext_proc::v3::body_mutation::Mutation;
use envoy_types::pb::envoy::service::ext_proc::v3::external_processor_client::ExternalProcessorClient;
use envoy_types::pb::envoy::service::ext_proc::v3::processing_request::Request;
use envoy_types::pb::envoy::service::ext_proc::v3::processing_response::Response;
use envoy_types::pb::envoy::service::ext_proc::v3::streamed_immediate_response::Response as Part;
use envoy_types::pb::envoy::service::ext_proc::v3::{
    HttpBody, HttpHeaders, HttpTrailers, ImmediateResponse, ProcessingRequest, ProcessingResponse,
};
use envoy_types::pb::google::protobuf::value::Kind;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, Streaming};
use wayleave_ext_proc::{Front, Limits, Listener};

use crate::fake::{Events, Fake, Seen};

const PATIENCE: Duration = Duration::from_secs(10);

/// One conversation.
struct Stream {
    requests: mpsc::UnboundedSender<ProcessingRequest>,
    replies: Streaming<ProcessingResponse>,
}

async fn start() -> (ExternalProcessorClient<tonic::transport::Channel>, Events) {
    let (fake, seen) = Fake::new();
    let listener = Listener::tcp("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.address().unwrap();
    let limits = Limits {
        body: 1 << 20,
        ..Limits::default()
    };
    tokio::spawn(Front::Envoy(listener).serve(fake, limits, CancellationToken::new()));
    (
        ExternalProcessorClient::connect(format!("http://{address}"))
            .await
            .unwrap(),
        seen,
    )
}

/// Sends all of these and opens the replies. The response's headers come with the first reply.
async fn open(
    client: &mut ExternalProcessorClient<tonic::transport::Channel>,
    first: Vec<Request>,
) -> Result<Stream, Status> {
    let (requests, receiver) = mpsc::unbounded_channel();
    for request in first {
        requests.send(message(request)).unwrap();
    }
    let opened = client.process(UnboundedReceiverStream::new(receiver));
    let replies = tokio::time::timeout(PATIENCE, opened)
        .await
        .expect("a reply in time")?
        .into_inner();
    Ok(Stream { requests, replies })
}

impl Stream {
    async fn next(&mut self) -> Result<Option<ProcessingResponse>, Status> {
        tokio::time::timeout(PATIENCE, self.replies.message())
            .await
            .expect("a reply in time")
    }

    async fn reply(&mut self) -> Response {
        self.next()
            .await
            .unwrap()
            .expect("a reply")
            .response
            .expect("not empty")
    }

    /// Reads a refusal, which is all there is.
    async fn refusal(mut self) -> ImmediateResponse {
        let Response::ImmediateResponse(refusal) = self.reply().await else {
            panic!()
        };
        assert_eq!(self.next().await.unwrap(), None, "nothing after it");
        refusal
    }

    /// Reads an answer to its end: its head, its body, and the last message.
    async fn answer(mut self) -> (Vec<(String, String)>, Vec<u8>, ProcessingResponse) {
        let mut headers = Vec::new();
        let mut body = Vec::new();
        loop {
            let message = self.next().await.unwrap().expect("an end");
            let Some(Response::StreamedImmediateResponse(part)) = message.response.clone() else {
                panic!("{message:?}")
            };
            let end = match part.response.unwrap() {
                Part::HeadersResponse(head) => {
                    assert!(headers.is_empty(), "one head");
                    headers = plain(head.headers.unwrap());
                    head.end_of_stream
                }
                Part::BodyResponse(chunk) => {
                    body.extend_from_slice(&chunk.body);
                    chunk.end_of_stream
                }
                Part::TrailersResponse(_) => panic!("no trailers"),
            };
            if end {
                assert_eq!(self.next().await.unwrap(), None, "nothing after the end");
                return (headers, body, message);
            }
        }
    }
}

fn message(request: Request) -> ProcessingRequest {
    ProcessingRequest {
        request: Some(request),
        ..ProcessingRequest::default()
    }
}

fn plain(headers: HeaderMap) -> Vec<(String, String)> {
    headers
        .headers
        .into_iter()
        .map(|field| (field.key, String::from_utf8(field.raw_value).unwrap()))
        .collect()
}

fn head(method: &str, path: &str, fields: &[(&str, &str)], end: bool) -> Request {
    let pseudo = [
        (":method", method),
        (":path", path),
        (":authority", "gateway.test"),
        (":scheme", "http"),
    ];
    let headers = pseudo.iter().chain(fields).map(|(key, value)| HeaderValue {
        key: (*key).to_owned(),
        value: String::new(),
        raw_value: value.as_bytes().to_vec(),
    });
    let headers = Some(HeaderMap {
        headers: headers.collect(),
    });
    Request::RequestHeaders(HttpHeaders {
        headers,
        end_of_stream: end,
        ..HttpHeaders::default()
    })
}

fn order(what: &str) -> Vec<Request> {
    let fields = [("content-type", "application/json"), ("x-do", what)];
    vec![
        head("POST", "/v1/chat/completions", &fields, false),
        body(b"{}", true),
    ]
}

fn body(bytes: &[u8], end: bool) -> Request {
    Request::RequestBody(HttpBody {
        body: bytes.to_vec(),
        end_of_stream: end,
        ..HttpBody::default()
    })
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    let found = headers.iter().find(|(key, _)| key == name);
    &found.unwrap_or_else(|| panic!("no {name} in {headers:?}")).1
}

#[tokio::test]
async fn a_whole_answer_is_a_head_and_a_body_with_what_the_call_came_to() {
    let (mut client, mut seen) = start().await;
    let (headers, body, last) = open(&mut client, order("echo")).await.unwrap().answer().await;
    assert_eq!(find(&headers, ":status"), "200");
    assert_eq!(find(&headers, "content-length"), "2");
    assert_eq!(find(&headers, "content-type"), "application/json");
    assert_eq!(body, b"{}");
    assert_eq!(seen.call().await.headers["host"], "gateway.test");

    let Some(Kind::StructValue(ours)) = &last.dynamic_metadata.unwrap().fields["wayleave"].kind else {
        panic!()
    };
    let text = |name: &str| match &ours.fields[name].kind {
        Some(Kind::StringValue(text)) => text.clone(),
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(text("call"), "call-1");
    assert_eq!(text("route"), "team/chat");
    assert_eq!(text("provider"), "team/openai");
    assert_eq!(text("model"), "gpt-4.1-mini");
    assert_eq!(text("class"), "ok");
    for (name, expected) in [
        ("attempts", 2.0),
        ("input_tokens", 10.0),
        ("output_tokens", 5.0),
        ("total_tokens", 15.0),
        ("cost_usd", 0.00125),
    ] {
        assert_eq!(
            ours.fields[name].kind,
            Some(Kind::NumberValue(expected)),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_large_answer_comes_in_chunks() {
    let (mut client, _seen) = start().await;
    let (headers, body, _) = open(&mut client, order("whole 3000000"))
        .await
        .unwrap()
        .answer()
        .await;
    assert_eq!(find(&headers, "content-length"), "3000000");
    assert_eq!(body.len(), 3_000_000);
}

#[tokio::test]
async fn an_empty_answer_is_a_head_that_ends() {
    let (mut client, _seen) = start().await;
    let (headers, body, _) = open(&mut client, order("whole 0")).await.unwrap().answer().await;
    assert_eq!((find(&headers, "content-length"), body.len()), ("0", 0));
}

#[tokio::test]
async fn a_streamed_answer_ends_with_what_the_call_came_to() {
    let (mut client, _seen) = start().await;
    let (headers, body, last) = open(&mut client, order("stream 100 0"))
        .await
        .unwrap()
        .answer()
        .await;
    let body = String::from_utf8(body).unwrap();
    let events: Vec<&str> = body.split_terminator("\n\n").collect();
    assert_eq!(
        (events.len(), events[0], events[99]),
        (100, "data: 0", "data: 99")
    );
    assert!(
        !headers.iter().any(|(name, _)| name == "content-length"),
        "{headers:?}"
    );
    assert!(last.dynamic_metadata.is_some());
}

#[tokio::test]
async fn pieces_are_sent_as_they_come_and_a_cut_is_an_error() {
    let (mut client, _seen) = start().await;
    let mut stream = open(&mut client, order("cut")).await.unwrap();
    stream.reply().await;
    let Response::StreamedImmediateResponse(part) = stream.reply().await else {
        panic!()
    };
    let Some(Part::BodyResponse(chunk)) = part.response else {
        panic!()
    };
    assert_eq!(
        (chunk.body.as_slice(), chunk.end_of_stream),
        (&b"data: 0\n\n"[..], false)
    );
    assert_eq!(stream.next().await.unwrap_err().code(), Code::Aborted);
}

#[tokio::test]
async fn a_reset_lets_go_of_the_call() {
    let (mut client, mut seen) = start().await;
    let mut waiting = client.clone();
    let waiting = tokio::spawn(async move { open(&mut waiting, order("hang")).await.map(drop) });
    seen.call().await;
    waiting.abort();
    assert!(matches!(seen.dropped().await, Seen::WaitDropped));

    let mut stream = open(&mut client, order("hang-mid")).await.unwrap();
    seen.call().await;
    stream.reply().await;
    drop(stream);
    assert!(matches!(seen.dropped().await, Seen::PiecesDropped));
}

#[tokio::test]
async fn a_refusal_does_not_wait_for_the_rest_of_the_request() {
    let (mut client, mut seen) = start().await;
    let chunk = vec![b'x'; 600 << 10];
    let request = vec![
        head("POST", "/v1/messages", &[], false),
        body(&chunk, false),
        body(&chunk, false),
    ];
    let refusal = open(&mut client, request).await.unwrap().refusal().await;
    assert_eq!(refusal.status.unwrap().code, 413);
    assert!(
        String::from_utf8(refusal.body)
            .unwrap()
            .contains("--max-request-bytes")
    );
    assert_eq!(refusal.details, "wayleave_body_too_large");
    assert!(seen.is_empty());
}

#[tokio::test]
async fn a_foreign_request_passes_untouched() {
    let (mut client, mut seen) = start().await;
    let trailers = || Request::RequestTrailers(HttpTrailers::default());
    for last in [body(b"c", true), body(b"", true), trailers()] {
        let request = vec![
            head("PUT", "/other", &[], false),
            body(b"ab", false),
            last.clone(),
        ];
        let mut stream = open(&mut client, request).await.unwrap();
        let Response::RequestHeaders(headers) = stream.reply().await else {
            panic!()
        };
        let common = headers.response.unwrap();
        assert_eq!(
            (common.header_mutation, common.status),
            (None, 0),
            "nothing changes"
        );
        assert_eq!(echoed(stream.reply().await), (b"ab".to_vec(), false));
        if let Request::RequestBody(sent) = last {
            assert_eq!(echoed(stream.reply().await), (sent.body, true));
        } else {
            assert!(matches!(stream.reply().await, Response::RequestTrailers(_)));
        }
        assert_eq!(stream.next().await.unwrap(), None);
    }
    let mut stream = open(&mut client, vec![head("GET", "/other", &[], true)])
        .await
        .unwrap();
    assert!(matches!(stream.reply().await, Response::RequestHeaders(_)));
    assert_eq!(stream.next().await.unwrap(), None);
    assert!(seen.is_empty());
}

fn echoed(reply: Response) -> (Vec<u8>, bool) {
    let Response::RequestBody(reply) = reply else {
        panic!("{reply:?}")
    };
    let mutation = reply.response.unwrap().body_mutation.unwrap().mutation;
    let Some(Mutation::StreamedResponse(chunk)) = mutation else {
        panic!("{mutation:?}")
    };
    (chunk.body, chunk.end_of_stream)
}

/// Envoy lets a request through unprocessed when a stream ends well without a reply.
#[tokio::test]
async fn no_stream_ends_well_without_a_reply() {
    let (mut client, mut seen) = start().await;
    let foreign = || head("PUT", "/other", &[], false);
    let ours = || head("POST", "/v1/messages", &[], false);
    for (request, what) in [
        (vec![], "nothing"),
        (vec![ours()], "no body"),
        (vec![ours(), body(b"a", false)], "half a body"),
        (vec![body(b"a", true)], "no head"),
        (vec![ours(), ours()], "two heads"),
        (
            vec![Request::ResponseHeaders(HttpHeaders::default())],
            "a response",
        ),
        (vec![head("GE T", "/v1/models", &[], true)], "no method"),
        (
            vec![head("GET", "/v1/models", &[("x-bad", "a\nb")], true)],
            "no header",
        ),
    ] {
        let (requests, receiver) = mpsc::unbounded_channel();
        for request in request {
            requests.send(message(request)).unwrap();
        }
        drop(requests);
        let opened = client.process(UnboundedReceiverStream::new(receiver));
        let opened = tokio::time::timeout(PATIENCE, opened)
            .await
            .expect("an end in time");
        assert!(opened.is_err(), "{what}");
    }
    let mut stream = open(&mut client, vec![foreign(), body(b"a", false)])
        .await
        .unwrap();
    drop(std::mem::replace(
        &mut stream.requests,
        mpsc::unbounded_channel().0,
    ));
    stream.reply().await;
    stream.reply().await;
    assert!(stream.next().await.is_err(), "half a foreign body");
    assert!(seen.is_empty());
    assert!(open(&mut client, order("panic")).await.is_err(), "a panic");
    let (_, body, _) = open(&mut client, order("echo")).await.unwrap().answer().await;
    assert_eq!(body, b"{}", "the connection serves on");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_pauses_in_its_body_is_told_so() {
    let (fake, _seen) = Fake::new();
    let listener = Listener::tcp("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.address().unwrap();
    tokio::spawn(Front::Envoy(listener).serve(fake, Limits::default(), CancellationToken::new()));
    let mut client = ExternalProcessorClient::connect(format!("http://{address}"))
        .await
        .unwrap();
    let (requests, receiver) = mpsc::unbounded_channel();
    requests
        .send(message(head("POST", "/v1/messages", &[], false)))
        .unwrap();
    let replies = client
        .process(UnboundedReceiverStream::new(receiver))
        .await
        .unwrap()
        .into_inner();
    let refusal = Stream { requests, replies }.refusal().await;
    assert_eq!(refusal.status.unwrap().code, 400);
}
