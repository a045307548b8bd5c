//! Of OpenAI's Responses.

use serde_json::Value;

use super::{Survivors, data_of, list, squeeze};

impl Survivors {
    pub(super) fn responses(&mut self, body: &Value) {
        self.system = squeeze(body["instructions"].as_str().unwrap_or_default());
        self.user = squeeze(body["input"].as_str().unwrap_or_default());
        for item in list(&body["input"]) {
            match item["type"].as_str().unwrap_or("message") {
                "message" => {
                    let text = self.responses_content(&item["content"]);
                    match item["role"].as_str().unwrap_or_default() {
                        "system" | "developer" => self.system += &text,
                        "user" => self.user += &text,
                        "assistant" => self.assistant += &text,
                        _ => {}
                    }
                }
                "function_call" => {
                    let arguments = item["arguments"].as_str().unwrap_or_default();
                    self.call(&item["call_id"], &item["name"], arguments);
                }
                "function_call_output" => {
                    let text = self.responses_content(&item["output"]);
                    self.result(&item["call_id"], text);
                }
                _ => {}
            }
        }
        for tool in list(&body["tools"]) {
            if tool["type"] == "function" {
                self.tool(&tool["name"], &tool["parameters"]);
            }
        }
        self.schema = body["text"]["format"]["schema"].clone();
    }

    fn responses_content(&mut self, content: &Value) -> String {
        let mut text = content.as_str().unwrap_or_default().to_owned();
        for part in list(content) {
            text += part["text"].as_str().unwrap_or_default();
            text += part["refusal"].as_str().unwrap_or_default();
            for name in ["image_url", "file_data", "file_url"] {
                self.media.extend(part[name].as_str().map(data_of));
            }
        }
        squeeze(&text)
    }
}
