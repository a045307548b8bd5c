//! What goes into the engine and what comes out, in no adaptor's words.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::sync::mpsc;
use wayleave_core::cache::Status;
use wayleave_core::client_error::ClientError;
use wayleave_core::endpoint::Endpoint;
use wayleave_core::format::WireFormat;
use wayleave_core::money::Ticks;
use wayleave_core::outcome::Class;
use wayleave_core::usage::Usage;

/// A client's request, whole.
#[derive(Clone, Debug)]
pub struct Call {
    /// What it asks for.
    pub endpoint: Endpoint,
    /// Its path, with the query.
    pub path: String,
    /// Its headers, names in lower case.
    pub headers: HeaderMap,
    /// Its body, decoded.
    pub body: Bytes,
}

/// What the client gets.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers: `content-type`, `x-wayleave-*`, and those of the provider that clients use. No hop-by-hop header,
    /// no content-length: the adaptor knows best.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

/// The body of an answer.
#[derive(Debug)]
pub enum Body {
    /// All of it, with what the call came to (`None` where no provider was to be asked).
    Whole(Bytes, Option<Box<Summary>>),
    /// Piece by piece.
    Stream(Pieces),
}

/// A streamed body. Dropping it tells the engine that the client left. Bounded: a reader that stops reading stops the
/// provider.
pub type Pieces = mpsc::Receiver<Piece>;

/// A piece of a streamed body. A channel that closes without [`Piece::End`] means that the body is cut: the adaptor
/// must break the connection, never end it well.
#[derive(Debug)]
pub enum Piece {
    /// The next bytes.
    Bytes(Bytes),
    /// All is said.
    End(Box<Summary>),
}

/// What a call came to, for the adaptor's access log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The call's id, as in `x-wayleave-call-id`.
    pub call: Arc<str>,
    /// `NAMESPACE/NAME` of the route.
    pub route: Arc<str>,
    /// `NAMESPACE/NAME` of the `ProviderKey` that served, if one did.
    pub provider: Option<String>,
    /// The model that served, by the provider's word.
    pub model: Option<String>,
    /// How the call ended.
    pub class: Class,
    /// Attempts begun so far.
    pub attempts: u32,
    /// Usage of the attempt that served.
    pub usage: Usage,
    /// The cost of all attempts so far; `None`: one of them has no price.
    pub cost: Option<Ticks>,
    /// What became of it at the cache of its route; `None`: there is none.
    pub cache: Option<Status>,
}

impl Answer {
    /// An error that the gateway makes.
    pub fn error(error: &ClientError, format: WireFormat) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/json"),
        );
        Self {
            status: error.status,
            headers,
            body: Body::Whole(error.body(format), None),
        }
    }
}
