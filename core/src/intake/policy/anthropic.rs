//! Of Anthropic Messages, and of the count of their tokens.

use super::{Policy, bound, messages, schema_of, tools};
use crate::intake::{BadRequest, Object};

pub(super) fn read(policy: &mut Policy, members: &mut Object<'_, '_>) -> Result<(), BadRequest> {
    let mut estimate = messages(members)?;
    if let Some(system) = members.raw("system") {
        estimate.content(system);
    }
    policy.tools = tools(members, &mut estimate)?;
    policy.counted(&estimate);
    policy.include_usage = policy.streamed(members)?;
    policy.max_output = bound(members, "max_tokens")?;
    let path = members.member("output_config");
    let format_path = path.member("format");
    let older_path = members.member("output_format");
    let current = members.object("output_config", &path)?;
    let current = current
        .map(|mut config| config.object("format", &format_path))
        .transpose()?
        .flatten();
    if let Some(mut format) = current.or(members.object("output_format", &older_path)?) {
        policy.json_schema = schema_of(&mut format)?;
    }
    Ok(())
}
