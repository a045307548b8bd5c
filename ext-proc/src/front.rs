//! The two ways in.

use tokio_util::sync::CancellationToken;

use crate::backend::Backend;
use crate::envoy::Processor;
use crate::http::Handler;
use crate::listener::Listener;
use crate::request::Limits;
use crate::serve::{Protocol, serve};

/// A listener and the adaptor behind it.
#[derive(Debug)]
pub enum Front {
    /// Envoy's external processor, by gRPC.
    Envoy(Listener),
    /// Plain HTTP/1.1 and HTTP/2.
    Http(Listener),
}

impl Front {
    /// Serves until `closing`, then until the requests in flight have ended. Dropping the future breaks them off.
    pub async fn serve<B: Backend>(self, backend: B, limits: Limits, closing: CancellationToken) {
        match self {
            Self::Envoy(listener) => {
                serve(
                    listener,
                    Protocol::Grpc,
                    Processor::new(backend, limits).into_service(),
                    closing,
                )
                .await;
            }
            Self::Http(listener) => {
                serve(listener, Protocol::Http, Handler::new(backend, limits), closing).await;
            }
        }
    }
}
