//! Conditions of rules and of classes of tasks: CEL over one variable, `request`.
//!
//! | member | type | what |
//! | --- | --- | --- |
//! | `model` | string | as the client asks for it |
//! | `headers` | map | names in lower case; of several values the first |
//! | `path` | string | without the query |
//! | `stream` | bool | whether a stream is asked for |
//! | `tools` | list of strings | the names of the tools offered |
//! | `tokens` | int | input tokens, estimated |
//! | `metadata` | map | `metadata` and `user` of the body, where they are text |
//! | `text` | string | the last message of the user; of more than 8 KiB the beginning and the end |
//! | `length` | int | characters of that message, all of them |
//! | `turns` | int | messages of the user and of the assistant |
//! | `images` | int | images in all messages |
//! | `code` | bool | whether the last message of the user holds code |
//! | `json` | bool | whether the answer is to be JSON |
//! | `language` | string | ISO 639-1 code of the language of the last message of the user; empty where that is not sure |
//!
//! A member is found out when a condition first asks for it: what none names costs nothing.

mod code;
mod language;
mod names;
mod pattern;
mod request;

use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::{Context, Env, Program, Value};
use http::HeaderMap;

use self::names::Names;
use self::request::{Member, Request, Source};
use crate::intake::Intake;

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    pattern::add_to(&mut env);
    Arc::new(env)
});

/// A condition, compiled.
pub struct When {
    source: Arc<str>,
    program: Program,
}

/// Why a text is no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhenError {
    /// Not CEL.
    #[error("is not a CEL expression: {0}")]
    Syntax(String),
    /// A variable that does not exist.
    #[error("uses the unknown variable `{0}`; the only one is `request`")]
    UnknownVariable(String),
    /// A member of `request` that does not exist.
    #[error("uses the unknown member `request.{name}`; there are {}", Member::names().join(", "))]
    UnknownMember {
        /// The member.
        name: String,
    },
    /// A function that does not exist.
    #[error("uses the unknown function `{0}`")]
    UnknownFunction(String),
    /// Gives something else than true or false.
    #[error("gives a {0}, not true or false")]
    NotBool(String),
}

/// What a condition says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    True,
    /// It does not.
    False,
    /// It cannot be told, for instance because a header that it reads is absent. Counts as false.
    Unknown(String),
}

/// A request as conditions see it. Made once per call, and only if something has a condition.
pub struct Subject<'a>(Context<'a, 'a>);

impl When {
    /// Compiles a condition, and tries it on an empty request.
    pub fn parse(source: &str) -> Result<Self, WhenError> {
        let program = ENV
            .compile(source)
            .map_err(|error| WhenError::Syntax(first_line(&error.to_string())))?;
        let names = Names::of(program.expression());
        if let Some(name) = names.variables.into_iter().find(|name| name != "request") {
            return Err(WhenError::UnknownVariable(name));
        }
        if let Some(name) = names
            .members
            .into_iter()
            .find(|name| Member::named(name).is_none())
        {
            return Err(WhenError::UnknownMember { name });
        }
        let when = Self {
            source: source.into(),
            program,
        };
        match when.program.execute(&Subject::sample().0) {
            Ok(Value::Bool(_)) => Ok(when),
            Ok(value) => Err(WhenError::NotBool(value.type_of().to_string())),
            Err(cel::ExecutionError::UndeclaredReference(name)) => {
                Err(WhenError::UnknownFunction(name.to_string()))
            }
            // Absent keys and the like depend on the request.
            Err(_) => Ok(when),
        }
    }

    /// As the user wrote it.
    pub fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// What it says of a request.
    pub fn holds(&self, subject: &Subject<'_>) -> Verdict {
        match self.program.execute(&subject.0) {
            Ok(Value::Bool(true)) => Verdict::True,
            Ok(Value::Bool(false)) => Verdict::False,
            Ok(value) => Verdict::Unknown(format!("gives a {}, not true or false", value.type_of())),
            Err(error) => Verdict::Unknown(first_line(&error.to_string())),
        }
    }
}

impl fmt::Debug for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("When").field(&self.source).finish()
    }
}

impl<'a> Subject<'a> {
    /// From a request.
    pub fn new(intake: &'a Intake, path: &'a str, headers: &'a HeaderMap) -> Self {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        Self::of(Some(Source {
            intake,
            path,
            headers,
        }))
    }

    /// A request that says nothing.
    fn sample() -> Self {
        Self::of(None)
    }

    fn of(source: Option<Source<'a>>) -> Self {
        let mut context = Context::with_env(Arc::clone(&ENV));
        context.add_variable_as_val("request", Box::new(Request::new(source)));
        Self(context)
    }
}

impl fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject")
    }
}

fn first_line(message: &str) -> String {
    message
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(300)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::WireFormat;

    fn verdict(source: &str) -> Verdict {
        let body = serde_json::json!({
            "model": "chat",
            "stream": true,
            "user": "ada",
            "tools": [{"type": "function", "function": {"name": "search"}}],
            "response_format": {"type": "json_object"},
            "messages": [
                {"role": "user", "content": "x".repeat(4800)},
                {"role": "assistant", "content": "Noted."},
                {"role": "user", "content": [
                    {"type": "text", "text": "Wo ist der Fehler in dieser Funktion, und warum gibt sie nicht das zurück, was ich erwarte?\n```\nfn f() {}\n```"},
                    {"type": "image_url", "image_url": {"url": "https://a.test/b.png"}},
                ]},
            ],
        });
        let intake = Intake::read(WireFormat::OpenAIChat, body.to_string().into()).expect("a request");
        let mut headers = HeaderMap::new();
        headers.insert("x-tier", "free".parse().expect("a value"));
        let when = When::parse(source).expect(source);
        when.holds(&Subject::new(&intake, "/v1/chat/completions?x=y", &headers))
    }

    #[test]
    fn sees_every_member_of_a_request() {
        for source in [
            r#"request.headers["x-tier"] == "free""#,
            r#"request.model.startsWith("ch")"#,
            r#"request.path == "/v1/chat/completions" && request.stream"#,
            r#"request.tools.exists(tool, tool == "search")"#,
            "size(request.tools) > 0 && request.tokens > 1000",
            r#"request.metadata.user == "ada""#,
            r#""x-tier" in request.headers"#,
            r#"request.model.matches("^ch.t$")"#,
            r#"request.text.startsWith("Wo ist") && request.text.contains("fn f()")"#,
            "request.length > 100 && request.length < 200",
            "request.turns == 3 && request.images == 1",
            r#"request.code && request.json && request.language == "de""#,
            r#"request["code"] && "code" in request && !("cod" in request)"#,
        ] {
            assert_eq!(verdict(source), Verdict::True, "{source}");
        }
    }

    #[test]
    fn an_absent_header_is_unknown_not_an_error() {
        let absent = verdict(r#"request.headers["x-team"] == "a""#);
        assert!(matches!(absent, Verdict::Unknown(reason) if reason.contains("x-team")));
    }

    #[test]
    fn a_pattern_that_is_none_is_unknown() {
        let broken = verdict(r#"request.text.matches("(")"#);
        assert!(matches!(broken, Verdict::Unknown(reason) if reason.contains("regex")));
    }

    #[test]
    fn refuses_what_can_never_be_a_condition() {
        assert!(matches!(
            When::parse("request.model =="),
            Err(WhenError::Syntax(_))
        ));
        assert!(
            matches!(When::parse("model == 'x'"), Err(WhenError::UnknownVariable(name)) if name == "model")
        );
        assert!(
            matches!(When::parse("request.modle == 'x'"), Err(WhenError::UnknownMember { name }) if name == "modle")
        );
        assert!(matches!(
            When::parse("shout(request.model)"),
            Err(WhenError::UnknownFunction(_))
        ));
        assert!(matches!(When::parse("request.model"), Err(WhenError::NotBool(kind)) if kind == "string"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(source in ".{0,60}") {
            let _ = When::parse(&source);
        }
    }
}
