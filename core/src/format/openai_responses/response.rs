//! A response, as it is written: whole, and in the first and last events of a stream.

use serde::Serialize;

use super::item::{Item, Status};
use super::usage::UsageOut;

/// One response. SDKs demand members that say what was asked for. The writer does not know that: they tell what holds
/// where nothing was.
#[derive(Serialize)]
pub(super) struct Response<'a> {
    pub(super) id: &'a str,
    pub(super) object: &'static str,
    pub(super) created_at: i64,
    pub(super) status: Status,
    pub(super) background: bool,
    pub(super) error: Option<()>,
    pub(super) incomplete_details: Option<Incomplete>,
    pub(super) instructions: Option<()>,
    pub(super) max_output_tokens: Option<()>,
    pub(super) model: &'a str,
    pub(super) output: &'a [Item],
    pub(super) parallel_tool_calls: bool,
    pub(super) previous_response_id: Option<()>,
    pub(super) reasoning: Reasoning,
    pub(super) store: bool,
    pub(super) temperature: Option<()>,
    pub(super) text: Text,
    pub(super) tool_choice: &'static str,
    pub(super) tools: [(); 0],
    pub(super) top_p: Option<()>,
    pub(super) truncation: &'static str,
    pub(super) usage: Option<UsageOut>,
    pub(super) user: Option<()>,
    pub(super) metadata: NoMetadata,
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct Incomplete {
    pub(super) reason: &'static str,
}

#[derive(Default, Serialize)]
pub(super) struct Reasoning {
    effort: Option<()>,
    summary: Option<()>,
}

#[derive(Serialize)]
pub(super) struct Text {
    format: Format,
}

#[derive(Serialize)]
struct Format {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
pub(super) struct NoMetadata {}

impl<'a> Response<'a> {
    pub(super) fn new(id: &'a str, model: &'a str, created_at: i64, output: &'a [Item]) -> Self {
        Self {
            id,
            object: "response",
            created_at,
            status: Status::InProgress,
            background: false,
            error: None,
            incomplete_details: None,
            instructions: None,
            max_output_tokens: None,
            model,
            output,
            parallel_tool_calls: true,
            previous_response_id: None,
            reasoning: Reasoning::default(),
            store: false,
            temperature: None,
            text: Text {
                format: Format { kind: "text" },
            },
            tool_choice: "auto",
            tools: [],
            top_p: None,
            truncation: "disabled",
            usage: None,
            user: None,
            metadata: NoMetadata {},
        }
    }
}
