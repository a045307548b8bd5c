//! Conditions of rules: CEL over one variable, `request`.
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

mod names;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::objects::{Key, Map};
use cel::{Context, Env, Program, Value};
use http::HeaderMap;

use self::names::Names;
use crate::intake::Intake;

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// The members of `request`.
const MEMBERS: [&str; 7] = [
    "model", "headers", "path", "stream", "tools", "tokens", "metadata",
];

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
    #[error("uses the unknown member `request.{name}`; there are {}", MEMBERS.join(", "))]
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

/// A request as conditions see it. Made once per call, and only if a rule has a condition.
pub struct Subject(Context<'static, 'static>);

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
            .find(|name| !MEMBERS.contains(&name.as_str()))
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
    pub fn holds(&self, subject: &Subject) -> Verdict {
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

impl Subject {
    /// From a request.
    pub fn new(intake: &Intake, path: &str, headers: &HeaderMap) -> Self {
        let mut map: HashMap<Key, Value> = HashMap::new();
        for name in headers.keys() {
            if let Some(value) = headers.get(name).and_then(|value| value.to_str().ok()) {
                map.insert(key(name.as_str()), text(value));
            }
        }
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        Self::of(
            &intake.model,
            map,
            path,
            intake.stream(),
            &intake.tools,
            intake.input_tokens,
            &intake.metadata,
        )
    }

    fn sample() -> Self {
        Self::of(
            "",
            HashMap::new(),
            "/v1/chat/completions",
            false,
            &[],
            0,
            &BTreeMap::new(),
        )
    }

    fn of(
        model: &str,
        headers: HashMap<Key, Value>,
        path: &str,
        stream: bool,
        tools: &[String],
        tokens: u64,
        metadata: &BTreeMap<String, String>,
    ) -> Self {
        let metadata = metadata
            .iter()
            .map(|(name, value)| (key(name), text(value)))
            .collect();
        let tools = tools.iter().map(|name| text(name)).collect();
        let request = HashMap::from([
            (key("model"), text(model)),
            (
                key("headers"),
                Value::Map(Map {
                    map: Arc::new(headers),
                }),
            ),
            (key("path"), text(path)),
            (key("stream"), Value::Bool(stream)),
            (key("tools"), Value::List(Arc::new(tools))),
            (
                key("tokens"),
                Value::Int(i64::try_from(tokens).unwrap_or(i64::MAX)),
            ),
            (
                key("metadata"),
                Value::Map(Map {
                    map: Arc::new(metadata),
                }),
            ),
        ]);
        let mut context = Context::with_env(Arc::clone(&ENV));
        context.add_variable_from_value(
            "request",
            Value::Map(Map {
                map: Arc::new(request),
            }),
        );
        Self(context)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject")
    }
}

fn key(name: &str) -> Key {
    Key::String(Arc::new(name.to_owned()))
}

fn text(value: &str) -> Value {
    Value::String(Arc::new(value.to_owned()))
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

    fn subject() -> Subject {
        let headers = HashMap::from([(key("x-tier"), text("free"))]);
        let metadata = BTreeMap::from([("user".to_owned(), "ada".to_owned())]);
        Subject::of(
            "chat",
            headers,
            "/v1/messages",
            true,
            &["search".to_owned()],
            1200,
            &metadata,
        )
    }

    #[test]
    fn sees_every_member_of_a_request() {
        for source in [
            r#"request.headers["x-tier"] == "free""#,
            r#"request.model.startsWith("ch")"#,
            r#"request.path == "/v1/messages" && request.stream"#,
            r#"request.tools.exists(tool, tool == "search")"#,
            "size(request.tools) > 0 && request.tokens > 1000",
            r#"request.metadata.user == "ada""#,
            r#""x-tier" in request.headers"#,
            r#"request.model.matches("^ch.t$")"#,
        ] {
            let when = When::parse(source).expect(source);
            assert_eq!(when.holds(&subject()), Verdict::True, "{source}");
        }
    }

    #[test]
    fn an_absent_header_is_unknown_not_an_error() {
        let when = When::parse(r#"request.headers["x-team"] == "a""#).expect("parses");
        assert!(matches!(when.holds(&subject()), Verdict::Unknown(reason) if reason.contains("x-team")));
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
