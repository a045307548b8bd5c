//! Of Bedrock's Converse.

use serde_json::Value;

use super::{Survivors, list, squeeze};

impl Survivors {
    pub(super) fn converse(&mut self, body: &Value) {
        self.system = self.converse_content(&body["system"]);
        for message in list(&body["messages"]) {
            let text = self.converse_content(&message["content"]);
            match message["role"].as_str().unwrap_or_default() {
                "user" => self.user += &text,
                "assistant" => self.assistant += &text,
                _ => {}
            }
        }
        for tool in list(&body["toolConfig"]["tools"]) {
            if let Some(spec) = tool.get("toolSpec") {
                self.tool(&spec["name"], &spec["inputSchema"]["json"]);
            }
        }
        let schema = &body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"];
        self.schema = schema
            .as_str()
            .map(|text| serde_json::from_str(text).unwrap())
            .unwrap_or_default();
    }

    fn converse_content(&mut self, content: &Value) -> String {
        let mut text = String::new();
        for block in list(content) {
            text += block["text"].as_str().unwrap_or_default();
            text += block["guardContent"]["text"]["text"].as_str().unwrap_or_default();
            if let Some(json) = block.get("json") {
                text += &json.to_string();
            }
            for kind in ["image", "document"] {
                let data = block[kind]["source"]["bytes"].as_str();
                self.media.extend(data.map(str::to_owned));
            }
            if let Some(call) = block.get("toolUse") {
                self.call(&call["toolUseId"], &call["name"], &call["input"].to_string());
            }
            if let Some(result) = block.get("toolResult") {
                let text = self.converse_content(&result["content"]);
                self.result(&result["toolUseId"], text);
            }
        }
        squeeze(&text)
    }
}
