//! Of OpenAI responses.

use super::Policy;
use crate::intake::{BadRequest, Object};

pub(super) fn read(_policy: &mut Policy, _members: &mut Object<'_, '_>) -> Result<(), BadRequest> {
    Ok(())
}
