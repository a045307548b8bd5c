//! Of OpenAI completions.

use super::Policy;
use crate::intake::{BadRequest, Object};

pub(super) fn read(policy: &mut Policy, _body: &str, members: &mut Object<'_, '_>) -> Result<(), BadRequest> {
    policy.streamed(members)?;
    Ok(())
}
