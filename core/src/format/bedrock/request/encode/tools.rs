//! `toolConfig`.

use super::super::models::Maker;
use super::super::wire;
use super::{has_calls, turns};
use crate::chat::{Dropped, Request, Tool, ToolChoice};

/// `None`: there are no tools, or none may be called.
pub(super) fn config<'a>(
    request: &'a Request<'_>,
    maker: Maker,
    dropped: &mut Dropped,
) -> Option<wire::ToolConfig<'a>> {
    if request.tools.is_empty() {
        return None;
    }
    // There is no word for "none". Earlier calls are refused without the tools.
    let none = request.tool_choice == Some(ToolChoice::None);
    if none && !has_calls(request) {
        return None;
    }
    let strict = matches!(maker, Maker::Claude(generation) if generation.structured);
    let mut tools = Vec::with_capacity(request.tools.len());
    for one in &request.tools {
        tools.push(tool(one, strict, dropped));
        match &one.cache {
            Some(mark) if maker.caches_all() => {
                tools.extend(turns::cache_point(mark, maker, dropped).map(wire::Tool::CachePoint));
            }
            Some(_) => dropped.note("tools[].cache_control"),
            None => {}
        }
    }
    Some(wire::ToolConfig {
        tools,
        tool_choice: choice(request, dropped),
    })
}

fn tool<'a>(tool: &'a Tool<'_>, strict: bool, dropped: &mut Dropped) -> wire::Tool<'a> {
    if tool.strict && !strict {
        dropped.note("strict");
    }
    wire::Tool::ToolSpec {
        name: &tool.name,
        description: tool
            .description
            .as_deref()
            .filter(|description| !description.is_empty()),
        input_schema: wire::InputSchema {
            json: match tool.schema {
                Some(schema) if schema.get() != "{}" => wire::Schema::Given(schema),
                Some(_) | None => wire::Schema::Empty { r#type: "object" },
            },
        },
        strict: tool.strict && strict,
    }
}

fn choice<'a>(request: &'a Request<'_>, dropped: &mut Dropped) -> Option<wire::ToolChoice<'a>> {
    match request.tool_choice.as_ref()? {
        ToolChoice::Auto => Some(wire::ToolChoice::Auto {}),
        ToolChoice::Required => Some(wire::ToolChoice::Any {}),
        ToolChoice::Named(name) if request.tools.iter().any(|tool| tool.name == *name) => {
            Some(wire::ToolChoice::Tool { name })
        }
        ToolChoice::None | ToolChoice::Named(_) => {
            dropped.note("tool_choice");
            None
        }
    }
}
