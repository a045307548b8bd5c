//! The gRPC service.

use std::convert::Infallible;
use std::pin::Pin;

use envoy_types::pb::envoy::service::ext_proc::v3::ProcessingRequest;
use envoy_types::pb::envoy::service::ext_proc::v3::external_processor_server::{
    ExternalProcessor, ExternalProcessorServer,
};
use hyper::body::Incoming;
use hyper::service::Service;
use tonic::{Request, Response, Status, Streaming};

use crate::backend::Backend;
use crate::envoy::convert::Event;
use crate::envoy::replies::Replies;
use crate::envoy::step::{Phase, Step, step};
use crate::request::{Arriving, BODY_PAUSE, Limits, Rejection};

/// The largest message taken from Envoy: its chunks are far smaller, and its headers at most 8 MiB.
const MAX_MESSAGE: usize = 16 << 20;

/// Answers Envoy's requests by a backend.
#[derive(Clone, Debug)]
pub(crate) struct Processor<B> {
    backend: B,
    limits: Limits,
}

impl<B: Backend> Processor<B> {
    /// Before this backend.
    pub(crate) const fn new(backend: B, limits: Limits) -> Self {
        Self { backend, limits }
    }

    /// As hyper wants it.
    pub(crate) fn into_service(self) -> GrpcService<B> {
        GrpcService(ExternalProcessorServer::new(self).max_decoding_message_size(MAX_MESSAGE))
    }

    /// Reads a request and runs it, or finds out that it is not ours.
    async fn replies(&self, mut request: Streaming<ProcessingRequest>) -> Result<Replies, Status> {
        let answer = match self.read(&mut request).await? {
            Read::Echo { end } => return Ok(Replies::echo(request, end)),
            Read::Reject(rejection) => return Ok(Replies::refusal(rejection)),
            Read::Whole(arriving) => match arriving.finish().await {
                Ok(call) => self.backend.run(call).await,
                Err(rejection) => rejection.into_answer(),
            },
        };
        Ok(Replies::answer(answer))
    }

    async fn read(&self, request: &mut Streaming<ProcessingRequest>) -> Result<Read, Status> {
        let mut phase = Phase::Start;
        loop {
            let event = match tokio::time::timeout(BODY_PAUSE, request.message()).await {
                Ok(message) => Event::try_from(message?.ok_or_else(cut)?).map_err(invalid)?,
                Err(_) => return phase.paused().map(Read::Reject).ok_or_else(cut),
            };
            match step(phase, event, self.limits).map_err(invalid)? {
                Step::Wait(next) => phase = next,
                Step::Run(arriving) => return Ok(Read::Whole(arriving)),
                Step::Reject(rejection) => return Ok(Read::Reject(rejection)),
                Step::Echo { end } => return Ok(Read::Echo { end }),
            }
        }
    }
}

/// What a request turned out to be.
enum Read {
    Whole(Arriving),
    Reject(Rejection),
    Echo { end: bool },
}

fn cut() -> Status {
    Status::aborted("the request is cut")
}

fn invalid(error: impl std::error::Error) -> Status {
    Status::invalid_argument(error.to_string())
}

#[tonic::async_trait]
impl<B: Backend> ExternalProcessor for Processor<B> {
    type ProcessStream = Replies;

    /// The response's headers are held until there is a message to send with them: one packet instead of two.
    async fn process(
        &self,
        request: Request<Streaming<ProcessingRequest>>,
    ) -> Result<Response<Replies>, Status> {
        self.replies(request.into_inner()).await.map(Response::new)
    }
}

/// The service as hyper wants it.
#[derive(Clone, Debug)]
pub(crate) struct GrpcService<B>(ExternalProcessorServer<Processor<B>>);

impl<B: Backend> Service<http::Request<Incoming>> for GrpcService<B> {
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: http::Request<Incoming>) -> Self::Future {
        tonic::codegen::Service::call(&mut self.0.clone(), request)
    }
}
