mod bedrock;
mod cuts;
mod faults;
mod lists;
mod passing;
mod proofs;
mod speed;
mod translating;

use super::*;
use crate::event::Finish;
use crate::format::{WireFormat, sample};
use crate::money::Ticks;
use crate::usage::Report;
use crate::vendor::Vendor;

const OPENAI: WireFormat = WireFormat::OpenAIChat;
const ANTHROPIC: WireFormat = WireFormat::AnthropicMessages;
const GEMINI: WireFormat = WireFormat::GeminiGenerate;
const RESPONSES: WireFormat = WireFormat::OpenAIResponses;
const COST: i64 = 125_000;

/// A stream as OpenAI sends it: text, two calls, a reason, usage of its own, an end.
const OPENAI_STREAM: &str = concat!(
    "data: {\"id\":\"c1\",\"model\":\"gpt\",\"created\":7,\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}],\"usage\":null}\n\n",
    ": note\n\n",
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Grüße\"}}],\"usage\":null}\r\n\r\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}]}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"x\\\":1}\"}}]}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\"}}]}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4,\"total_tokens\":13}}\n\n",
    "data: [DONE]\n\n",
);

const ANTHROPIC_STREAM: &str = concat!(
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"claude\",\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}      }\n\n",
    "event: ping\ndata: {\"type\": \"ping\"}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Grüße\"}  }\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0 }\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":4}  }\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
);

/// A stream as Google sends it: a thought, text, two calls of which the first has a proof, an empty end.
const GEMINI_STREAM: &str = concat!(
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"Hm.\",\"thought\": true}],\"role\": \"model\"},\"index\": 0}],\"usageMetadata\": {\"promptTokenCount\": 5,\"totalTokenCount\": 5},\"modelVersion\": \"gemini\",\"responseId\": \"r1\"}\r\n\r\n",
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"Gr\u{fc}\u{df}e\"}],\"role\": \"model\"},\"index\": 0}],\"modelVersion\": \"gemini\",\"responseId\": \"r1\"}\r\n\r\n",
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"functionCall\": {\"name\": \"f\",\"args\": {\"x\": [1, \"]}\"]}},\"thoughtSignature\": \"c2ln\"},{\"functionCall\": {\"name\": \"g\",\"args\": {},\"id\": \"own\"}}],\"role\": \"model\"},\"index\": 0}]}\r\n\r\n",
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"\"}],\"role\": \"model\"},\"finishReason\": \"STOP\",\"index\": 0}],\"usageMetadata\": {\"promptTokenCount\": 9,\"candidatesTokenCount\": 3,\"totalTokenCount\": 13,\"thoughtsTokenCount\": 1}}\r\n\r\n",
);

/// The same as a list.
fn gemini_list() -> String {
    let items: Vec<_> = GEMINI_STREAM
        .split_terminator("\r\n\r\n")
        .filter_map(|event| event.strip_prefix("data: "))
        .collect();
    format!("[{}\n]\n", items.join("\n,\r\n"))
}

const RESPONSES_STREAM: &str = concat!(
    "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"model\":\"gpt\",\"created_at\":7,\"status\":\"in_progress\",\"output\":[],\"usage\":null}}\n\n",
    "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"type\":\"message\",\"content\":[]}}\n\n",
    ": keepalive\n\n",
    "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"content_index\":0,\"delta\":\"Grüße\"}\n\n",
    "event: response.output_item.done\ndata: {\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"Grüße\"}]}}\n\n",
    "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"output_index\":1,\"item\":{\"type\":\"function_call\",\"call_id\":\"a\",\"name\":\"f\",\"arguments\":\"\"}}\n\n",
    "event: response.function_call_arguments.delta\ndata: {\"type\":\"response.function_call_arguments.delta\",\"output_index\":1,\"delta\":\"{}\"}\n\n",
    "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"status\":\"completed\",\"output\":[],\"usage\":{\"input_tokens\":9,\"output_tokens\":4,\"total_tokens\":13}}}\n\n",
);

/// How a test's answer goes.
#[derive(Clone, Copy)]
struct Trip {
    from: (WireFormat, Framing),
    to: (WireFormat, Framing),
    include_usage: bool,
    priced: bool,
}

impl Trip {
    fn stream(from: WireFormat, to: WireFormat) -> Self {
        Self {
            from: (from, Framing::Sse),
            to: (to, Framing::Sse),
            include_usage: true,
            priced: false,
        }
    }

    fn relay(self) -> Relay {
        let quirks = Vendor::named("Custom").expect("a row").quirks;
        Relay::new(RelayOptions {
            client: ClientShape {
                format: self.to.0,
                framing: self.to.1,
                include_usage: self.include_usage,
            },
            provider: ProviderShape {
                format: self.from.0,
                framing: self.from.1,
                quirks,
            },
            model: "asked-for",
            created: 1_700_000_000,
            keep: Keep::Text(1000),
        })
    }

    fn cost(self) -> impl Fn(&Report, Option<&str>) -> Option<Ticks> {
        move |_, _| self.priced.then_some(Ticks::new(COST))
    }

    /// The client's bytes and the tally after these pieces and the end of the body.
    fn pieces<'p>(self, pieces: impl IntoIterator<Item = &'p [u8]>) -> (String, Tally) {
        let (mut relay, cost) = (self.relay(), self.cost());
        let mut out = Vec::new();
        for piece in pieces {
            out.extend_from_slice(&relay.push(Bytes::copy_from_slice(piece), &cost));
        }
        out.extend_from_slice(&relay.finish(&cost));
        (String::from_utf8(out).expect("UTF-8"), relay.tally().clone())
    }

    fn run(self, body: &str) -> (String, Tally) {
        self.pieces([body.as_bytes()])
    }
}
