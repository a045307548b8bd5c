//! A simulated LLM provider over HTTP/1.1 and HTTP/2 without TLS. The prefix of the path does not matter, so one
//! simulator stands for any number of providers:
//!
//! | API | paths |
//! | --- | --- |
//! | OpenAI | `…/chat/completions`, `…/responses`, `…/completions`, `…/embeddings`, `…/models` |
//! | Azure OpenAI | `…/openai/deployments/NAME/chat/completions` and `…/embeddings`; with an `api-key` header also OpenAI's paths |
//! | Anthropic | `…/v1/messages`, `…/v1/messages/count_tokens`, `…/models` |
//! | Gemini | `…/models/MODEL:generateContent`, `:streamGenerateContent`, `:countTokens`; `…/models` |
//! | Bedrock | `…/model/MODEL/converse` and `…/converse-stream` |
//! | Google's tokens | `…/token`, whose behaviours are scripted for the model `token` |
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use wayleave_sim::{Sim, SimOptions};
//!
//! let sim = Sim::start(SimOptions::default())?;
//! sim.script("gpt-4.1", &["status=429&retry-after=2", "status=500"])?; // the third request is answered
//! sim.key("sk-bad", "status=401")?;
//! let endpoint = format!("{}/v1", sim.base_url());
//! # Ok(()) }
//! ```
//!
//! # Behaviours
//!
//! How a request is answered stands behind its model's name, like a query: `gpt-4.1?ttft=300ms&tokens=200`. In a path
//! it is escaped: `%3F` for `?`, and for clients that allow no `&` there `%26`. The answer names the model without it.
//! A key's behaviour ([`Sim::key`]) goes before a scripted one ([`Sim::script`]), and that before the model's own; they
//! are not mixed. What is misspelt gets a 400.
//!
//! | behaviour | meaning |
//! | --- | --- |
//! | `headers-delay=1s` | time before the response headers |
//! | `ttft=300ms` | time before the first content; unstreamed before the headers |
//! | `pace=5ms` | time between content events |
//! | `drip` | `pace=1s`; unstreamed the body in 16 pieces |
//! | `tokens=200` | words in the answer; 12 by default; held to the request's `max_tokens` |
//! | `bytes=2KiB` | exact size of the answer's text instead |
//! | `chunks=64` | number of content events, at most one per character; with no size given, 4 characters each |
//! | `chunk-bytes=16` | size of a content event's text; 4 by default, 4 KiB if the text exceeds 64 KiB |
//! | `endless` | a stream without end, as fast as it is read; unstreamed a body without end |
//! | `echo` | says the text of the last user message |
//! | `json`, `json=broken` | says a JSON object, or one that lacks its end; shaped by the request's schema, if any |
//! | `quality=90` | says at the end of the text how good it is, of 100: for `judge` to see; `code-quality=30`: in answers to requests with a code fence |
//! | `judge`, `judge=10` | scores or compares other models' answers by their `quality`, up to so many hundredths off; `judge=first` prefers what it sees first, `judge=garbage` says nothing of use |
//! | `refusal` | refuses: OpenAI's `refusal` member, Anthropic's stop reason, a prompt that Gemini blocks, a guardrail of Bedrock's |
//! | `finish=length` | also `content_filter`; in each format by its own name |
//! | `tools=2` | that many parallel calls of the request's tools; not directly after a tool's result |
//! | `reasoning=20` | words of reasoning: `reasoning_content`, a signed thinking block, a summary, thought parts |
//! | `cached=100` | cached input tokens, on top of the counted ones |
//! | `status=429` | that error |
//! | `error=KIND` | `context_length`, `content_filter`, `invalid_key`, `model_not_found`, `overloaded`, under its usual status or that of `status` |
//! | `retry-after=2` | that header, in seconds; `retry-after-date=2` as a date; `retry-after-ms=200` in its own header; also under 200. Gemini's errors say it in their details |
//! | `hang=headers` | never answers |
//! | `hang=body`, `hang=mid` | headers, then nothing; half of the content, then nothing |
//! | `fault=error-frame` | 200, then an error event or a Bedrock exception (unstreamed: body), chosen by `error` or `status` |
//! | `fault=error-mid` | the same after half of the content; Responses: `response.failed` |
//! | `fault=empty-done` | a well-formed end without content |
//! | `fault=cut` | half of the content, then the connection is cut (HTTP/2: the stream is reset); unstreamed under the whole length |
//! | `fault=no-done` | all content, then a clean end without finish and `[DONE]` (unstreamed: half a body) |
//! | `fault=garbage` | 200 with bytes of no known format |
//! | `fault=reset` | the connection is closed without an answer (HTTP/2: the stream is reset) |
//!
//! A request that forces a tool call gets one, and one that asks for JSON gets JSON, without any behaviour.
//!
//! # From outside the process
//!
//! `POST /_sim/script {"model": "NAME", "behaviours": ["status=429", ""]}`, `POST /_sim/key {"key": "KEY", "behaviour":
//! "status=401"}`, `POST /_sim/reset`, `GET /_sim/requests`.

mod answer;
mod anthropic;
mod ask;
mod azure;
mod bedrock;
mod behaviour;
mod body;
mod cli;
mod control;
mod format;
mod frame;
mod gemini;
mod ids;
mod judge;
mod measure;
mod openai;
mod path;
mod pieces;
mod problem;
mod record;
mod respond;
mod responses;
mod schema;
mod script;
mod server;
mod sim;
mod steps;
mod task;
mod token;

pub use behaviour::{BadBehaviour, Behaviour};
pub use cli::{SimArgs, run};
pub use record::{Outcome, RecordedRequest};
pub use script::{BadScript, Replay};
pub use sim::{Sim, SimOptions, WaitTimeout};
