//! Of OpenAI completions.

use super::{Estimate, Policy, bound};
use crate::intake::{BadRequest, Object};

pub(super) fn read(policy: &mut Policy, body: &str, members: &mut Object<'_, '_>) -> Result<(), BadRequest> {
    // Without one the provider begins from nothing.
    if let Some(prompt) = members.raw("prompt") {
        let mut estimate = Estimate::default();
        estimate.content(prompt);
        // A prompt may be tokens.
        policy.input_tokens = estimate.tokens() + estimate.numbers();
    }
    policy.streamed_with_usage(body, members)?;
    policy.max_output = bound(members, "max_tokens")?;
    Ok(())
}
