//! Every message that the processor sends.

use envoy_types::pb::envoy::service::ext_proc::v3::body_mutation::Mutation;
use envoy_types::pb::envoy::service::ext_proc::v3::processing_response::Response;
use envoy_types::pb::envoy::service::ext_proc::v3::streamed_immediate_response::Response as Part;
use envoy_types::pb::envoy::service::ext_proc::v3::{
    BodyMutation, BodyResponse, CommonResponse, HeadersResponse, HttpHeaders, ImmediateResponse,
    ProcessingResponse, StreamedBodyResponse, StreamedImmediateResponse, TrailersResponse,
};
use envoy_types::pb::envoy::r#type::v3::HttpStatus;
use http::{HeaderMap, StatusCode};
use wayleave_engine::call::{Answer, Body, Summary};

use crate::envoy::convert::{envoy_headers, header_mutation};
use crate::envoy::metadata;

/// The head of an answer. `length`: of the body, where it is known.
pub(crate) fn head(status: StatusCode, headers: &HeaderMap, length: Option<usize>) -> ProcessingResponse {
    part(Part::HeadersResponse(HttpHeaders {
        headers: Some(envoy_headers(status, headers, length)),
        end_of_stream: length == Some(0),
        ..HttpHeaders::default()
    }))
}

/// Some of the body of an answer.
pub(crate) fn body(bytes: Vec<u8>) -> ProcessingResponse {
    part(Part::BodyResponse(streamed(bytes, false)))
}

/// The last of the body of an answer, and what the call came to.
pub(crate) fn last(bytes: Vec<u8>, summary: Option<&Summary>) -> ProcessingResponse {
    let mut reply = part(Part::BodyResponse(streamed(bytes, true)));
    reply.dynamic_metadata = summary.map(metadata::of_call);
    reply
}

/// A whole answer in one message, which Envoy sends as a local reply of its own. `code`: why, for the access log.
pub(crate) fn immediate(answer: Answer, code: &str) -> ProcessingResponse {
    let Answer {
        status,
        headers,
        body,
    } = answer;
    let body = match body {
        Body::Whole(bytes, _) => bytes.into(),
        // Refusals are never streams.
        Body::Stream(_) => Vec::new(),
    };
    let mut reply = reply(Response::ImmediateResponse(ImmediateResponse {
        status: Some(HttpStatus {
            code: i32::from(status.as_u16()),
        }),
        headers: Some(header_mutation(&headers)),
        body,
        grpc_status: None,
        details: format!("{}_{code}", metadata::NAMESPACE),
    }));
    reply.dynamic_metadata = Some(metadata::of_refusal(code));
    reply
}

/// Lets the request's headers through as they are.
pub(crate) fn echo_headers() -> ProcessingResponse {
    reply(Response::RequestHeaders(HeadersResponse {
        response: Some(CommonResponse::default()),
    }))
}

/// Gives back some of the request's body as it came.
pub(crate) fn echo_body(bytes: Vec<u8>, end: bool) -> ProcessingResponse {
    let mutation = BodyMutation {
        mutation: Some(Mutation::StreamedResponse(streamed(bytes, end))),
    };
    let common = CommonResponse {
        body_mutation: Some(mutation),
        ..CommonResponse::default()
    };
    reply(Response::RequestBody(BodyResponse {
        response: Some(common),
    }))
}

/// Lets the request's trailers through as they are.
pub(crate) fn echo_trailers() -> ProcessingResponse {
    reply(Response::RequestTrailers(TrailersResponse::default()))
}

fn part(part: Part) -> ProcessingResponse {
    reply(Response::StreamedImmediateResponse(StreamedImmediateResponse {
        response: Some(part),
    }))
}

fn reply(response: Response) -> ProcessingResponse {
    ProcessingResponse {
        response: Some(response),
        ..ProcessingResponse::default()
    }
}

fn streamed(bytes: Vec<u8>, end: bool) -> StreamedBodyResponse {
    StreamedBodyResponse {
        body: bytes,
        end_of_stream: end,
        ..StreamedBodyResponse::default()
    }
}
