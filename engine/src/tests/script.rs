//! Providers without a network: each request is answered as chance has it.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, stream};
use reqwest::{Body, Request, Response};
use serde_json::Value;
use wayleave_core::format::WireFormat;

use super::course::{Course, Step};
use crate::upstream::Sending;

/// What a provider needs to know of a request.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) format: WireFormat,
    pub(super) model: String,
    pub(super) stream: bool,
}

/// All providers.
#[derive(Clone)]
pub(crate) struct Script {
    rng: Arc<Mutex<fastrand::Rng>>,
    running: Arc<AtomicUsize>,
    answered: Arc<AtomicUsize>,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Script")
    }
}

/// A request that has not been answered to its end, nor let go.
struct Running(Arc<AtomicUsize>);

impl Running {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Script {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            rng: Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))),
            running: Arc::default(),
            answered: Arc::default(),
        }
    }

    /// Requests that providers still work on.
    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Requests that were made.
    pub(super) fn asked(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }

    /// Answers a request.
    pub(crate) fn answer(&self, request: &Request) -> Sending {
        let asked = read(request);
        let course = Course::draw(&mut self.rng.lock().expect("no panic"), &asked);
        let (count, requests) = (Arc::clone(&self.running), Arc::clone(&self.answered));
        async move {
            requests.fetch_add(1, Ordering::Relaxed);
            let running = Running::new(&count);
            tokio::time::sleep(course.before_head).await;
            match course.status {
                None => Err(unreachable().into()),
                Some(status) => Ok(respond(status, &course, running)),
            }
        }
        .boxed()
    }
}

fn read(request: &Request) -> Asked {
    let body = request.body().and_then(Body::as_bytes).expect("a body");
    let body: Value = serde_json::from_slice(body).expect("JSON");
    let messages = request.url().path().ends_with("/messages");
    Asked {
        format: if messages {
            WireFormat::AnthropicMessages
        } else {
            WireFormat::OpenAIChat
        },
        model: body["model"].as_str().expect("a model").to_owned(),
        stream: body["stream"] == true,
    }
}

/// Any error of the client's will do.
fn unreachable() -> reqwest::Error {
    let response = http::Response::builder().status(500).body(Body::default());
    let response = Response::from(response.expect("a response"));
    response.error_for_status().expect_err("an error status")
}

fn respond(status: u16, course: &Course, running: Running) -> Response {
    let mut response = http::Response::builder().status(status);
    response = response.header("content-type", course.content_type);
    if let Some(wait) = course.retry_after {
        response = response.header("retry-after-ms", wait.as_millis().to_string());
    }
    let steps = course.steps.clone().into_iter();
    let pieces = stream::unfold((steps, running), |(mut steps, running)| async move {
        loop {
            match steps.next()? {
                Step::Wait(time) => tokio::time::sleep(time).await,
                Step::Send(bytes) => return Some((Ok(bytes), (steps, running))),
                Step::Break => return Some((Err(io::Error::other("cut")), (steps, running))),
                Step::Hang => tokio::time::sleep(Duration::MAX / 4).await,
            }
        }
    });
    let body =
        Body::wrap_stream::<_>(Box::pin(pieces) as futures_util::stream::BoxStream<'_, io::Result<Bytes>>);
    response.body(body).expect("a response").into()
}
