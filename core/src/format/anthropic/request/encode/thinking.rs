//! Whether the model is to think, and how many tokens that leaves for the answer.

use super::super::models::Thinking;
use super::super::wire;
use super::DEFAULT_MAX_TOKENS;
use crate::chat::proof::Origin;
use crate::chat::reasoning::{Effort, LEAST_BUDGET, Reasoning};
use crate::chat::{Content, Dropped, Request, Role, ToolChoice};

/// The members that thinking decides.
pub(crate) struct Plan {
    pub(crate) member: Option<wire::Thinking>,
    pub(crate) effort: Option<&'static str>,
    pub(crate) max_tokens: u64,
}

pub(crate) fn plan(request: &Request<'_>, model: Thinking, dropped: &mut Dropped) -> Plan {
    let max_tokens = request.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS);
    let without = Plan {
        member: None,
        effort: None,
        max_tokens,
    };
    let Some(wish) = request.reasoning else {
        return without;
    };
    let planned = match (model, wish) {
        (Thinking::Never, Reasoning::Off) => Some(without),
        (Thinking::Budget | Thinking::Adaptive, Reasoning::Off) => Some(Plan {
            member: Some(wire::Thinking::Disabled),
            ..without
        }),
        (Thinking::Never, Reasoning::On | Reasoning::Effort(_) | Reasoning::Budget(_)) => None,
        _ if forces_a_tool(request) || goes_on_with_an_answer(request) => None,
        (Thinking::Adaptive, Reasoning::On) => Some(adaptive(max_tokens, None)),
        (Thinking::Adaptive, Reasoning::Effort(effort)) => Some(adaptive(max_tokens, Some(effort))),
        (Thinking::Adaptive, Reasoning::Budget(tokens)) => {
            Some(adaptive(max_tokens, Some(Effort::affordable(tokens))))
        }
        (Thinking::Budget, Reasoning::On) => budget(request, Effort::Medium.budget()),
        (Thinking::Budget, Reasoning::Effort(effort)) => budget(request, effort.budget()),
        (Thinking::Budget, Reasoning::Budget(tokens)) => budget(request, tokens),
    };
    planned.unwrap_or_else(|| {
        dropped.note("reasoning_effort");
        Plan {
            member: None,
            effort: None,
            max_tokens,
        }
    })
}

fn adaptive(max_tokens: u64, effort: Option<Effort>) -> Plan {
    Plan {
        member: Some(wire::Thinking::Adaptive),
        effort: effort.map(Effort::anthropic),
        max_tokens,
    }
}

/// The bound covers thinking and answer, and must leave some for the answer: a fifth at least.
fn budget(request: &Request<'_>, wanted: u64) -> Option<Plan> {
    if amid_unsigned_calls(request) {
        return None;
    }
    let wanted = wanted.max(LEAST_BUDGET);
    let (budget_tokens, max_tokens) = match request.max_tokens {
        Some(bound) if bound <= LEAST_BUDGET => return None,
        Some(bound) => (wanted.min(bound / 5 * 4).max(LEAST_BUDGET), bound),
        None => (wanted, wanted.saturating_add(DEFAULT_MAX_TOKENS)),
    };
    Some(Plan {
        member: Some(wire::Thinking::Enabled { budget_tokens }),
        effort: None,
        max_tokens,
    })
}

/// Thinking and a forced call exclude each other; the call is what the client's code counts on.
const fn forces_a_tool(request: &Request<'_>) -> bool {
    !request.tools.is_empty()
        && matches!(
            request.tool_choice,
            Some(ToolChoice::Required | ToolChoice::Named(_))
        )
}

/// An answer whose start is given cannot be thought about first.
fn goes_on_with_an_answer(request: &Request<'_>) -> bool {
    request
        .turns
        .last()
        .is_some_and(|turn| turn.role == Role::Assistant)
}

/// Between a call and the answer to its result, models with a budget demand the signed thinking that led to the
/// call, which a client of another format does not have.
fn amid_unsigned_calls(request: &Request<'_>) -> bool {
    let last = request
        .turns
        .iter()
        .rev()
        .find(|turn| turn.role == Role::Assistant);
    last.is_some_and(|turn| {
        let calls = turn
            .parts
            .iter()
            .any(|part| matches!(part.content, Content::ToolCall(_)));
        let signed = turn.parts.iter().any(|part| match &part.content {
            Content::Reasoning { proof, .. } => proof
                .as_ref()
                .is_some_and(|proof| proof.origin == Origin::Anthropic),
            Content::RedactedReasoning(proof) => proof.origin == Origin::Anthropic,
            Content::Text(_)
            | Content::Image(_)
            | Content::Document(_)
            | Content::Audio { .. }
            | Content::Refusal(_)
            | Content::ToolCall(_)
            | Content::ToolResult(_) => false,
        });
        calls && !signed
    })
}
