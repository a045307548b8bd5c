//! `TEXT.matches(PATTERN)` with patterns that are compiled once, not at every call.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use cel::common::ast::{CallExpr, Expr};
use cel::common::types::{CelBool, CelString, STRING_TYPE};
use cel::common::value::CowVal;
use cel::parser::Macro;
use cel::{Env, ExecutionError};
use regex::Regex;

/// What `matches` stands for. No condition can name it.
const NAME: &str = "matches (kept)";
/// Patterns that are kept. A request can make patterns of its own, so there is an end.
const MOST: usize = 256;
/// Longer ones are compiled each time.
const LONGEST: usize = 1 << 10;

static KEPT: LazyLock<Mutex<HashMap<Box<str>, Regex>>> = LazyLock::new(Mutex::default);

/// Adds it to an environment.
pub(super) fn add_to(env: &mut Env) {
    let stands_for = Macro::receiver("matches", 1, |helper, target, args| {
        Ok(Some(helper.next_expr(Expr::Call(CallExpr {
            func_name: NAME.to_owned(),
            target: target.take().map(Box::new),
            args: std::mem::take(args),
        }))))
    });
    // Should the library have one some day, its own serves as well.
    if env.add_macro(stands_for).is_ok() {
        let args = vec![STRING_TYPE];
        let _ = env.add_member_overload(NAME, NAME, STRING_TYPE, args, matches);
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the library has it so")]
fn matches<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [text, pattern] = args.as_slice() else {
        return Err(ExecutionError::MissingArgumentOrTarget);
    };
    let texts = text
        .downcast_ref::<CelString<'_>>()
        .zip(pattern.downcast_ref::<CelString<'_>>());
    let Some((text, pattern)) = texts else {
        return Err(ExecutionError::MissingArgumentOrTarget);
    };
    let found = compiled(pattern.inner())?.is_match(text.inner());
    Ok(CowVal::owned(CelBool::from(found)))
}

fn compiled(pattern: &str) -> Result<Regex, ExecutionError> {
    let kept = || KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept().get(pattern) {
        return Ok(known.clone());
    }
    let made = Regex::new(pattern).map_err(|error| {
        let message = format!("is not a regex: {error}");
        ExecutionError::FunctionError {
            function: "matches".to_owned(),
            message,
        }
    })?;
    if pattern.len() <= LONGEST {
        let mut kept = kept();
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(pattern.into(), made.clone());
    }
    Ok(made)
}
