//! Accepts connections and answers requests.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::behaviour::{BadBehaviour, Behaviour, split_model};
use crate::body::{Cut, SimBody};
use crate::format::Endpoint;
use crate::problem::{Malformed, Problem};
use crate::record::Log;
use crate::script::Scripts;
use crate::task::Task;
use crate::{control, path, respond, token};

/// Larger requests get 413.
const MAX_REQUEST_BYTES: usize = 64 << 20;
/// After a failed accept, e.g. for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 8 << 20;
const MAX_STREAMS: u32 = 1_000;

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) keyless: bool,
    pub(crate) models: Vec<String>,
    pub(crate) log: Arc<Log>,
    pub(crate) scripts: Scripts,
}

/// Accepts until told to stop.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http2()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(MAX_STREAMS);
    let builder = Arc::new(builder);
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                tokio::spawn(connection(
                    Arc::clone(&builder),
                    stream,
                    Arc::clone(&shared),
                    stop.clone(),
                ));
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn connection(
    builder: Arc<auto::Builder<TokioExecutor>>,
    stream: TcpStream,
    shared: Arc<Shared>,
    stop: CancellationToken,
) {
    // Without this, small events wait for acknowledgements; a failure only means that the client is gone.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| handle(Arc::clone(&shared), request));
    tokio::select! {
        () = stop.cancelled() => {}
        // How each request ended is in the record.
        _ = builder.serve_connection(TokioIo::new(stream), service) => {}
    }
}

/// A request after its body has been read.
struct Received {
    head: Parts,
    body: Option<Value>,
    /// The model with its behaviour, empty if there is none.
    model: String,
    key: Option<String>,
}

async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<SimBody>, Cut> {
    if request.uri().path().starts_with(control::PREFIX) {
        return Ok(control::handle(&shared, request).await);
    }
    let (head, body) = request.into_parts();
    let endpoint = Endpoint::of(&head);
    let key = endpoint.format().credential(&head);
    let call = shared.log.begin(&head, key.clone());
    let bytes = match Limited::new(body, MAX_REQUEST_BYTES).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Ok(respond::error(
                endpoint.format(),
                &Problem::TooLarge,
                "",
                None,
                call,
            ));
        }
        Err(_) => return Err(Cut::ClientLeft),
    };
    let received = receive(endpoint, head, &bytes, key);
    let (name, suffix) = split_model(&received.model);
    call.received(&bytes, (!name.is_empty()).then_some(name));
    drop(bytes);
    if let Some(replay) = shared
        .scripts
        .replay_of(&[&received.model, name, received.head.uri.path()])
    {
        return Ok(respond::replay(&replay, call));
    }
    match judge(&shared, &received, endpoint, name, suffix) {
        Ok((task, behaviour)) => respond::perform(task, &behaviour, name, call).await,
        Err(problem) => Ok(respond::error(endpoint.format(), &problem, name, None, call)),
    }
}

/// The model is in the path, if the format has it there, or else in the body.
fn receive(endpoint: Endpoint, head: Parts, bytes: &Bytes, key: Option<String>) -> Received {
    let body: Option<Value> = match endpoint {
        Endpoint::Token => token::form(bytes),
        Endpoint::Chat(_)
        | Endpoint::Embeddings(_)
        | Endpoint::Models(_)
        | Endpoint::Count(_)
        | Endpoint::Unknown(_) => serde_json::from_slice(bytes).ok(),
    };
    let in_body = || Some(body.as_ref()?.get("model")?.as_str()?.to_owned());
    let model = if endpoint == Endpoint::Token {
        token::NAME.to_owned()
    } else {
        path::model(head.uri.path()).or_else(in_body).unwrap_or_default()
    };
    Received {
        head,
        body,
        model,
        key,
    }
}

/// Decides what to do. A key's behaviour goes before a scripted one, and that before the model's own.
fn judge(
    shared: &Shared,
    received: &Received,
    endpoint: Endpoint,
    name: &str,
    suffix: &str,
) -> Result<(Task, Behaviour), Problem> {
    if received.key.is_none() && !shared.keyless && endpoint != Endpoint::Token {
        return Err(Problem::NoKey);
    }
    let task = Task::read(
        endpoint,
        &received.head,
        received.body.as_ref(),
        name,
        &shared.models,
    )?;
    let of_key = received.key.as_deref().and_then(|key| shared.scripts.of_key(key));
    let behaviour = match of_key.or_else(|| shared.scripts.take(name)) {
        Some(behaviour) => behaviour,
        None => suffix
            .parse()
            .map_err(|bad: BadBehaviour| Problem::Malformed(Malformed::new(bad.to_string())))?,
    };
    Ok((task, behaviour))
}
