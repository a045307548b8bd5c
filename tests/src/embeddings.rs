//! Embeddings of a real model: a server of ours, or any other with OpenAI's API.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use http::{Method, Request};
use http_body_util::Full;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{self, Child};
use tokio::time::timeout;

use crate::client::{Answer, Client};
use crate::process::signal;
use crate::secrets::Secrets;

/// What starts the server, and the packages that it needs.
const SERVER: &str = "tests/semantic/server.py";
const PACKAGES: &str = "tests/semantic/requirements.txt";
/// How long it may take to start, on a machine that builds at the same time.
const PATIENCE: Duration = Duration::from_secs(60);
/// Texts in one request.
const AT_ONCE: usize = 32;

/// A server of embeddings.
#[derive(Debug)]
pub struct Embeddings {
    base: String,
    model: String,
    key: String,
    client: Client,
    // It ends with its standard input, which is ours: even when we are killed.
    server: Option<Child>,
}

impl Embeddings {
    /// Starts our own with its small model. Dropped, it is killed.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut server = process::Command::new(python(&root))
            .arg("-B")
            .arg(root.join(SERVER))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("Python can be started");
        let mut stdout = BufReader::new(server.stdout.take().expect("its stdout")).lines();
        let line = timeout(PATIENCE, stdout.next_line()).await;
        let line = line.expect("it says its port, in time").expect("its stdout");
        let port: u16 = line
            .and_then(|line| line.parse().ok())
            .expect("it says its port: what went wrong stands above");
        Self {
            server: Some(server),
            ..Self::at(format!("http://127.0.0.1:{port}/v1"), "minilm", "")
        }
    }

    /// One that runs: the base of its API, as in `http://localhost:4000/v1`, a model, and a key or nothing.
    pub fn at(base: String, model: &str, key: &str) -> Self {
        Self {
            client: Client::without_credential(base.clone(), Secrets::default(), false),
            base,
            model: model.to_owned(),
            key: key.to_owned(),
            server: None,
        }
    }

    /// Asks our own to end, and waits until it has.
    ///
    /// # Panics
    /// When it does not end well, or is not ours.
    pub async fn finish(self) {
        let mut server = self.server.expect("a server of ours");
        signal(server.id().expect("it runs"), Signal::TERM);
        let ended = timeout(PATIENCE, server.wait()).await.expect("it ends in time");
        let status = ended.expect("a status");
        assert!(status.success(), "it ended with {status}");
    }

    /// The base of its API.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The name of its model.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Posts a body to it as it is.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn post(&self, body: String) -> Answer {
        let mut request = Request::new(Full::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = "/embeddings".parse().expect("a path");
        let headers = request.headers_mut();
        headers.insert("content-type", "application/json".parse().expect("a value"));
        if !self.key.is_empty() {
            let bearer = format!("Bearer {}", self.key);
            headers.insert(
                "authorization",
                bearer.parse().expect("a key without line breaks"),
            );
        }
        let answer = self.client.send(request).await;
        let answer = answer.unwrap_or_else(|error| panic!("{} gave no answer: {error:#}", self.base));
        answer.read().await
    }

    /// The vectors of texts, in their order.
    ///
    /// # Panics
    /// When it gives others than one for each.
    pub async fn embed(&self, texts: &[&str]) -> Vec<Vec<f32>> {
        let mut vectors = Vec::new();
        for some in texts.chunks(AT_ONCE) {
            let request = json!({"model": self.model, "input": some, "encoding_format": "float"});
            let answer = self.post(request.to_string()).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            let given = answer.json();
            let data = given["data"].as_array().expect("data");
            vectors.extend(data.iter().map(|entry| numbers(&entry["embedding"])));
        }
        assert_eq!(vectors.len(), texts.len(), "a vector for each text");
        vectors
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a model's own numbers are as narrow"
)]
fn numbers(list: &Value) -> Vec<f32> {
    let list = list.as_array().expect("a list of numbers");
    list.iter()
        .map(|number| number.as_f64().expect("a number") as f32)
        .collect()
}

/// The Python that has the model; installed if it is not.
fn python(root: &Path) -> String {
    let output = Command::new(root.join("tools/python.sh"))
        .arg(root.join(PACKAGES))
        .stderr(Stdio::inherit())
        .output()
        .expect("tools/python.sh can be started");
    assert!(output.status.success(), "the model is not installed: see above");
    String::from_utf8(output.stdout)
        .expect("a path")
        .trim()
        .to_owned()
}
