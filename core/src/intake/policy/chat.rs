//! Of OpenAI chat completions.

use super::{Policy, bound, messages, schema_of, tools};
use crate::intake::{BadRequest, Object};

pub(super) fn read(policy: &mut Policy, body: &str, members: &mut Object<'_, '_>) -> Result<(), BadRequest> {
    let mut estimate = messages(members)?;
    policy.tools = tools(members, &mut estimate)?;
    policy.counted(&estimate);
    policy.streamed_with_usage(body, members)?;
    let newer = bound(members, "max_completion_tokens")?;
    policy.max_output = newer.or(bound(members, "max_tokens")?);
    let path = members.member("response_format");
    if let Some(mut format) = members.object("response_format", &path)? {
        policy.json_schema = match format.text("type")?.as_deref() {
            Some("json_object") => Some(serde_json::Value::Bool(true)),
            Some("json_schema") => {
                let path = path.member("json_schema");
                let schema = format.object("json_schema", &path)?;
                schema
                    .map(|mut wrapper| schema_of(&mut wrapper))
                    .transpose()?
                    .flatten()
            }
            Some(_) | None => None,
        };
    }
    Ok(())
}
