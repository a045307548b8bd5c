//! Of Bedrock `converse`. No client speaks it; recorded requests do.

use super::{Policy, bound, messages};
use crate::intake::{BadRequest, Object};

pub(super) fn read(policy: &mut Policy, members: &mut Object<'_, '_>) -> Result<(), BadRequest> {
    let mut estimate = messages(members)?;
    if let Some(system) = members.raw("system") {
        estimate.content(system);
    }
    let path = members.member("toolConfig");
    if let Some(mut config) = members.object("toolConfig", &path)? {
        let list = path.member("tools");
        for (index, raw) in config.list("tools")?.unwrap_or_default().into_iter().enumerate() {
            estimate.verbatim(raw);
            let path = list.item(index);
            let mut tool = Object::read(raw, &path)?;
            for kind in ["toolSpec", "systemTool"] {
                let inner = path.member(kind);
                let named = tool.object(kind, &inner)?;
                let name = named.map(|mut named| named.text("name")).transpose()?.flatten();
                policy.tools.extend(name.map(std::borrow::Cow::into_owned));
            }
        }
    }
    policy.counted(&estimate);
    policy.include_usage = policy.framing.is_stream();
    let path = members.member("inferenceConfig");
    if let Some(mut config) = members.object("inferenceConfig", &path)? {
        policy.max_output = bound(&mut config, "maxTokens")?;
    }
    policy.json_schema = schema(members)?;
    Ok(())
}

/// The schema is JSON in a text.
fn schema(members: &mut Object<'_, '_>) -> Result<Option<serde_json::Value>, BadRequest> {
    let path = members.member("outputConfig");
    let format_path = path.member("textFormat");
    let structure_path = format_path.member("structure");
    let schema_path = structure_path.member("jsonSchema");
    let Some(mut config) = members.object("outputConfig", &path)? else {
        return Ok(None);
    };
    let Some(mut format) = config.object("textFormat", &format_path)? else {
        return Ok(None);
    };
    let Some(mut structure) = format.object("structure", &structure_path)? else {
        return Ok(None);
    };
    let schema = structure.object("jsonSchema", &schema_path)?;
    let text = schema
        .map(|mut schema| schema.text("schema"))
        .transpose()?
        .flatten();
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|_| {
            schema_path
                .member("schema")
                .error("is no JSON; send a schema as text")
        })
}
