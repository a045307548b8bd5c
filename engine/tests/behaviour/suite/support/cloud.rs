//! A cloud: a server of chat completions and of tokens, which keeps what it was sent as it came.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const ACCOUNT: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../core/src/credential/testdata/service_account.json"
));

/// The server, closed when dropped.
pub(crate) struct Cloud {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    _tasks: JoinSet<()>,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) target: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

struct State {
    seen: Vec<Seen>,
    /// Seconds that a token is said to hold.
    lifetime: u64,
    /// What is answered instead of a token.
    no_token: Option<(u16, Value)>,
    /// Tokens that are refused; `*`: all.
    withdrawn: BTreeSet<String>,
    /// What is answered instead of a chat completion; `SHOWN` stands for the credential.
    instead: Option<(u16, Value)>,
}

impl Cloud {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("bound");
        let state = Arc::new(Mutex::new(State {
            seen: Vec::new(),
            lifetime: 3600,
            no_token: None,
            withdrawn: BTreeSet::new(),
            instead: None,
        }));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&state)));
        Self {
            address,
            state,
            _tasks: tasks,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The key of a service account whose tokens come from here.
    pub(crate) fn account(&self) -> String {
        let mut account: Value = serde_json::from_str(ACCOUNT).expect("JSON");
        account["token_uri"] = json!(format!("{}/token", self.url()));
        account.to_string()
    }

    /// What tokens are said to hold from now on.
    pub(crate) fn tokens_hold(&self, seconds: u64) {
        self.state.lock().expect("no panic").lifetime = seconds;
    }

    pub(crate) fn give_no_token(&self, status: u16, body: Value) {
        self.state.lock().expect("no panic").no_token = Some((status, body));
    }

    pub(crate) fn withdraw(&self, token: &str) {
        self.state
            .lock()
            .expect("no panic")
            .withdrawn
            .insert(token.to_owned());
    }

    pub(crate) fn answer_instead(&self, status: u16, body: Value) {
        self.state.lock().expect("no panic").instead = Some((status, body));
    }

    /// Demands for tokens.
    pub(crate) fn tokens(&self) -> Vec<Seen> {
        self.seen(|target| target == "/token")
    }

    /// All other requests.
    pub(crate) fn calls(&self) -> Vec<Seen> {
        self.seen(|target| target != "/token")
    }

    fn seen(&self, is_it: impl Fn(&str) -> bool) -> Vec<Seen> {
        let state = self.state.lock().expect("no panic");
        state
            .seen
            .iter()
            .filter(|seen| is_it(&seen.target))
            .cloned()
            .collect()
    }
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(stream, Arc::clone(&state)));
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let Some(seen) = read(&mut stream).await else {
        return;
    };
    let (status, body) = answer(seen, &mut state.lock().expect("no panic"));
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all((head + &body).as_bytes()).await;
}

async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        (stream.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
    };
    let mut body = bytes.split_off(end + 4);
    let head = String::from_utf8(bytes).ok()?;
    let mut lines = head.lines();
    let target = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length")?.parse().ok()?;
    while body.len() < length {
        (stream.read_buf(&mut body).await.ok()? > 0).then_some(())?;
    }
    Some(Seen {
        target,
        headers,
        body,
    })
}

fn answer(seen: Seen, state: &mut State) -> (u16, Value) {
    let wants_token = seen.target == "/token";
    let shown = seen.header("authorization").unwrap_or_default();
    let shown = shown.trim_start_matches("Bearer ").to_owned();
    state.seen.push(seen);
    if wants_token {
        let number = state.seen.iter().filter(|seen| seen.target == "/token").count();
        let token = json!({
            "access_token": format!("token-number-{number}"),
            "expires_in": state.lifetime,
            "token_type": "Bearer",
        });
        return state.no_token.clone().unwrap_or((200, token));
    }
    if state.withdrawn.contains(&shown) || state.withdrawn.contains("*") {
        return (
            401,
            json!({"error": {"code": 401, "message": format!("{shown} is no token")}}),
        );
    }
    if let Some((status, body)) = &state.instead {
        let body = body.to_string().replace("SHOWN", &shown);
        return (*status, serde_json::from_str(&body).expect("JSON"));
    }
    let message = json!({"role": "assistant", "content": "Rain."});
    let answer = json!({
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
    });
    (200, answer)
}
