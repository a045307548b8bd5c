//! Tokens of a Google service account: got, kept until they end, got anew.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use reqwest::{Client, Request, Response};
use serde::Deserialize;
use tokio::time::Instant;
use wayleave_core::credential::ServiceAccount;
use wayleave_core::outcome::Class;
use wayleave_core::secret::Secret;

use super::sensitive;
use crate::clock::Clock;
use crate::upstream::{SendError, describe};

/// A token is not sent any more so long before it ends: the request has to reach the provider.
const MARGIN: Duration = Duration::from_secs(60);
/// From so long before its end on a new one is got while the old one still serves.
const EARLY: Duration = Duration::from_secs(300);
/// How long one that was to be got early and could not is not asked for again.
const PAUSE: Duration = Duration::from_secs(10);
/// How long getting one may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one holds that does not say so, and at most.
const LIFETIME: Duration = Duration::from_secs(300);
const LONGEST: Duration = Duration::from_secs(12 * 3600);
/// So many of the last tokens are kept out of what providers say.
const GIVEN: usize = 3;
/// An answer with a token is read up to here.
const MAX_ANSWER_BYTES: usize = 64 << 10;
/// And what it says of an error told up to here.
const MAX_REASON: usize = 300;

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const GRANT: &str = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";

/// A service account and its token.
pub(crate) struct Account {
    account: ServiceAccount,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    /// What providers were given of late, the last first.
    given: Vec<Secret>,
    /// The one demand for a token that is on its way.
    fetch: Option<Fetch>,
    /// When a token may be got early again.
    early: Option<Instant>,
}

type Fetched = Result<Arc<Token>, NoToken>;
type Fetch = Shared<BoxFuture<'static, Fetched>>;

struct Token {
    /// `Bearer …`.
    header: HeaderValue,
    text: Secret,
    ends: Instant,
}

/// Why there is no token. No credential is in it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("no token for the service account: {message}")]
pub(crate) struct NoToken {
    pub(crate) class: Class,
    message: Arc<str>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<u64>,
}

#[derive(Deserialize)]
struct Denied {
    error: String,
    error_description: Option<String>,
}

impl Account {
    pub(super) fn new(account: ServiceAccount) -> Self {
        Self {
            account,
            state: Mutex::default(),
        }
    }

    /// Where its tokens come from.
    pub(crate) fn token_uri(&self) -> &str {
        self.account.token_uri()
    }

    /// The tokens that providers were given of late.
    pub(super) fn given(&self) -> Vec<Secret> {
        self.lock().given.clone()
    }

    /// Sends a request with a token. One that was kept and is refused may have been withdrawn: then the request is sent
    /// once more, with another.
    pub(crate) async fn send(
        self: Arc<Self>,
        provider: Client,
        tokens: Client,
        clock: Clock,
        request: Request,
    ) -> Result<Response, SendError> {
        let again = request.try_clone();
        let (token, kept) = match self.kept(&tokens, clock) {
            Some(token) => (token, true),
            None => (self.fetch(&tokens, clock).await?, false),
        };
        let response = provider.execute(with_token(request, &token)).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        self.drop_token(&token);
        match again.filter(|_| kept) {
            Some(request) => {
                // Another call may have got one by now.
                let token = match self.kept(&tokens, clock) {
                    Some(token) => token,
                    None => self.fetch(&tokens, clock).await?,
                };
                Ok(provider.execute(with_token(request, &token)).await?)
            }
            None => Ok(response),
        }
    }

    /// The token that is kept, if it still holds. One that ends soon is got anew beside.
    fn kept(self: &Arc<Self>, tokens: &Client, clock: Clock) -> Option<Arc<Token>> {
        let now = Instant::now();
        let mut state = self.lock();
        let token = state.token.clone().filter(|token| now + MARGIN < token.ends)?;
        let is_early = state.early.is_none_or(|early| early <= now);
        if token.ends <= now + EARLY && state.fetch.is_none() && is_early {
            state.early = Some(now + PAUSE);
            drop(self.begin(&mut state, tokens, clock));
        }
        Some(token)
    }

    /// A new token, by the demand that is on its way or by one of its own.
    fn fetch(self: &Arc<Self>, tokens: &Client, clock: Clock) -> Fetch {
        let mut state = self.lock();
        match &state.fetch {
            Some(fetch) if fetch.peek().is_none() => fetch.clone(),
            Some(_) | None => self.begin(&mut state, tokens, clock),
        }
    }

    /// Asks in a task of its own: a caller that leaves takes nobody else's token away.
    fn begin(self: &Arc<Self>, state: &mut State, tokens: &Client, clock: Clock) -> Fetch {
        let (account, tokens) = (Arc::clone(self), tokens.clone());
        let task = tokio::spawn(async move {
            let fetched = match tokio::time::timeout(PATIENCE, account.ask(&tokens, clock)).await {
                Ok(fetched) => fetched.map(Arc::new),
                Err(_) => Err(NoToken::network(
                    "its token server did not answer in time".to_owned(),
                )),
            };
            let mut state = account.lock();
            state.fetch = None;
            match &fetched {
                Ok(token) => state.keep(token),
                Err(error) => tracing::warn!(?account, %error, "a token cannot be got"),
            }
            drop(state);
            fetched
        });
        let gone = || NoToken::network("the gateway is stopping".to_owned());
        let fetch = task
            .map(move |fetched| fetched.unwrap_or_else(|_| Err(gone())))
            .boxed()
            .shared();
        state.fetch = Some(fetch.clone());
        fetch
    }

    async fn ask(&self, tokens: &Client, clock: Clock) -> Result<Token, NoToken> {
        let asked = Instant::now();
        let assertion = self.account.assertion(clock.date(asked));
        let assertion = assertion.map_err(|error| NoToken::auth_failed(format!("its key {error}")))?;
        let answer = tokens
            .post(self.token_uri())
            .header(CONTENT_TYPE, FORM)
            // Base64 and points need no encoding.
            .body(format!("{GRANT}{}", assertion.expose()))
            .send()
            .await
            .map_err(|error| NoToken::network(format!("its token server: {}", describe(&error))))?;
        let status = answer.status();
        let body = read(answer).await?;
        if !status.is_success() {
            return Err(denied(status, &body, &assertion));
        }
        // What serde says could show the token.
        let granted: Granted = serde_json::from_slice(&body)
            .map_err(|_| NoToken::network(format!("its token server answered {status} without one")))?;
        let header = sensitive(&format!("Bearer {}", granted.access_token));
        let header =
            header.map_err(|error| NoToken::network(format!("what its token server sent {error}")))?;
        let lifetime = granted.expires_in.map_or(LIFETIME, Duration::from_secs);
        Ok(Token {
            header,
            text: Secret::new(granted.access_token),
            ends: asked + lifetime.min(LONGEST),
        })
    }

    /// Forgets a token, unless there is another by now.
    fn drop_token(&self, refused: &Arc<Token>) {
        let mut state = self.lock();
        if state
            .token
            .as_ref()
            .is_some_and(|token| Arc::ptr_eq(token, refused))
        {
            state.token = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn keep(&mut self, token: &Arc<Token>) {
        self.token = Some(Arc::clone(token));
        self.given.insert(0, token.text.clone());
        self.given.truncate(GIVEN);
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.account.fmt(f)
    }
}

impl NoToken {
    fn network(message: String) -> Self {
        Self::new(Class::Network, message)
    }

    fn auth_failed(message: String) -> Self {
        Self::new(Class::AuthFailed, message)
    }

    fn new(class: Class, message: String) -> Self {
        Self {
            class,
            message: message.into(),
        }
    }
}

fn with_token(mut request: Request, token: &Token) -> Request {
    request.headers_mut().insert(AUTHORIZATION, token.header.clone());
    request
}

async fn read(mut answer: Response) -> Result<Vec<u8>, NoToken> {
    let mut body = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(None) => return Ok(body),
            Ok(Some(chunk)) if body.len() + chunk.len() <= MAX_ANSWER_BYTES => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                let message = format!("its token server answered more than {MAX_ANSWER_BYTES} bytes");
                return Err(NoToken::network(message));
            }
            Err(error) => {
                return Err(NoToken::network(format!(
                    "its token server: {}",
                    describe(&error)
                )));
            }
        }
    }
}

/// What a token server refuses for good is a refused credential; what may pass is not.
fn denied(status: StatusCode, body: &[u8], assertion: &Secret) -> NoToken {
    let reason = match serde_json::from_slice::<Denied>(body) {
        Ok(Denied {
            error,
            error_description: Some(more),
        }) => format!(" {error}: {more}"),
        Ok(Denied { error, .. }) => format!(" {error}"),
        Err(_) => String::new(),
    };
    let reason: String = reason
        .replace(assertion.expose(), "***")
        .chars()
        .take(MAX_REASON)
        .collect();
    let message = format!("its token server answered {}{reason}", status.as_u16());
    match status {
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            NoToken::auth_failed(message)
        }
        _ => NoToken::network(message),
    }
}
