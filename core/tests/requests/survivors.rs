//! What of a request has to survive translation, read from the JSON of each format without our own code.

#[path = "survivors/gemini.rs"]
mod gemini;

use serde_json::Value;
use wayleave_core::format::WireFormat;

#[path = "survivors/completions.rs"]
mod completions;
#[path = "survivors/converse.rs"]
mod converse;
#[path = "survivors/responses.rs"]
mod responses;

/// How PDF, PNG, JPEG, GIF and WEBP begin in base64.
const MEDIA: [&str; 5] = ["JVBERi", "iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR"];

/// Texts are without white space: formats join pieces differently, and Anthropic refuses blank ones.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Survivors {
    system: String,
    user: String,
    assistant: String,
    /// Images and files, as data or URL.
    media: Vec<String>,
    /// Not everybody hears.
    sounds: Vec<String>,
    tools: Vec<(String, Value)>,
    /// Name and arguments, in order. Ids differ between providers.
    calls: Vec<(String, Value)>,
    /// The number of the call that is answered, and the text.
    results: Vec<(Option<usize>, String)>,
    schema: Value,
    ids: Vec<String>,
}

impl Survivors {
    pub(crate) fn of(format: WireFormat, body: &Value) -> Self {
        let mut all = Self::default();
        match format {
            WireFormat::AnthropicMessages => all.anthropic(body),
            WireFormat::BedrockConverse => all.converse(body),
            WireFormat::OpenAICompletions => all.completions(body),
            WireFormat::OpenAIResponses => all.responses(body),
            WireFormat::GeminiGenerate => all.gemini(body),
            WireFormat::OpenAIChat => all.openai(body),
            WireFormat::OpenAIEmbeddings | WireFormat::AnthropicTokens => {
                unreachable!("no requests of {format:?} are read")
            }
        }
        // Results are read in any order, and ids are compared by what they pair.
        all.results.sort();
        all.ids.clear();
        all
    }

    /// Anthropic's and Google's conversations begin with the user: an opening of ours may stand there.
    pub(crate) fn without_opening(mut self, expected: &Self) -> Self {
        if self.user != expected.user
            && let Some(rest) = self.user.strip_prefix("Begin.")
        {
            self.user = rest.to_owned();
        }
        self
    }

    /// What is left of this after it was read in one format and written in another.
    pub(crate) fn told(&mut self, from: WireFormat, body: &Value, to: WireFormat) {
        // Converse has the answer's schema as text, which is not read: only recorded requests are.
        if from == WireFormat::BedrockConverse {
            self.schema = Value::Null;
        }
        // Those do not hear.
        if matches!(
            to,
            WireFormat::AnthropicMessages | WireFormat::BedrockConverse | WireFormat::OpenAIResponses
        ) {
            self.sounds.clear();
        }
        // Chats take files by value only.
        if to == WireFormat::OpenAIChat {
            let body = body.to_string();
            self.media
                .retain(|media| !body.contains(&format!("\"file_url\":\"{media}\"")));
        }
        // Of documents in base64, Anthropic takes PDF only.
        if (from, to) == (WireFormat::BedrockConverse, WireFormat::AnthropicMessages) {
            self.media
                .retain(|media| MEDIA.iter().any(|kind| media.starts_with(kind)));
        }
        // Bedrock fetches nothing.
        if to == WireFormat::BedrockConverse {
            self.media.retain(|media| !media.starts_with("http"));
            // It has no word for tools that must not be called.
            let choice = &body["tool_choice"];
            let google = &body["toolConfig"]["functionCallingConfig"]["mode"];
            let none = choice == "none" || choice["type"] == "none" || google == "NONE";
            if none && self.calls.is_empty() {
                self.tools.clear();
            }
        }
    }

    fn openai(&mut self, body: &Value) {
        for message in list(&body["messages"]) {
            let content = &message["content"];
            match message["role"].as_str().unwrap_or_default() {
                "system" | "developer" => self.system += &self.openai_text(content),
                "user" => {
                    let text = self.openai_content(content);
                    self.user += &text;
                }
                "assistant" => {
                    self.assistant += &self.openai_text(content);
                    self.assistant += &squeeze(message["refusal"].as_str().unwrap_or_default());
                    for call in list(&message["tool_calls"]) {
                        let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
                        self.call(&call["id"], &call["function"]["name"], arguments);
                    }
                }
                "tool" => {
                    let text = self.openai_content(content);
                    self.result(&message["tool_call_id"], text);
                }
                _ => {}
            }
        }
        for tool in list(&body["tools"]) {
            if let Some(function) = tool.get("function") {
                self.tool(&function["name"], &function["parameters"]);
            }
        }
        for function in list(&body["functions"]) {
            self.tool(&function["name"], &function["parameters"]);
        }
        self.schema = body["response_format"]["json_schema"]["schema"].clone();
    }

    fn openai_text(&self, content: &Value) -> String {
        let _ = self;
        let parts = list(content)
            .iter()
            .filter(|part| part["type"] == "text")
            .map(|part| part["text"].as_str());
        squeeze(
            &content
                .as_str()
                .into_iter()
                .chain(parts.flatten())
                .collect::<String>(),
        )
    }

    fn openai_content(&mut self, content: &Value) -> String {
        for part in list(content) {
            let url = part["image_url"]["url"].as_str().or(part["image_url"].as_str());
            let url = url.or(part["file"]["file_data"].as_str());
            self.media.extend(url.map(data_of));
            let sound = part["input_audio"]["data"].as_str();
            self.sounds.extend(sound.map(str::to_owned));
        }
        self.openai_text(content)
    }

    fn anthropic(&mut self, body: &Value) {
        self.system = self.anthropic_content(&body["system"]);
        for message in list(&body["messages"]) {
            let text = self.anthropic_content(&message["content"]);
            match message["role"].as_str().unwrap_or_default() {
                "user" => self.user += &text,
                "assistant" => self.assistant += &text,
                _ => {}
            }
        }
        for tool in list(&body["tools"]) {
            if tool["type"].is_null() || tool["type"] == "custom" {
                self.tool(&tool["name"], &tool["input_schema"]);
            }
        }
        let format = [&body["output_config"]["format"], &body["output_format"]];
        self.schema = format
            .into_iter()
            .find_map(|format| format.get("schema"))
            .cloned()
            .unwrap_or_default();
    }

    fn anthropic_content(&mut self, content: &Value) -> String {
        let mut text = content.as_str().unwrap_or_default().to_owned();
        for block in list(content) {
            let source = &block["source"];
            match block["type"].as_str().unwrap_or_default() {
                "text" => text += block["text"].as_str().unwrap(),
                "document" if matches!(source["type"].as_str(), Some("text" | "content")) => {
                    text += block["title"].as_str().unwrap_or_default();
                    text += block["context"].as_str().unwrap_or_default();
                    text += source["data"].as_str().unwrap_or_default();
                    text += &self.anthropic_content(&source["content"]);
                }
                "image" | "document" => {
                    text += block["context"].as_str().unwrap_or_default();
                    self.media.extend(
                        source["data"]
                            .as_str()
                            .or(source["url"].as_str())
                            .map(str::to_owned),
                    );
                }
                "tool_use" => self.call(&block["id"], &block["name"], &block["input"].to_string()),
                "tool_result" => {
                    let text = self.anthropic_content(&block["content"]);
                    self.result(&block["tool_use_id"], text);
                }
                _ => {}
            }
        }
        squeeze(&text)
    }

    fn call(&mut self, id: &Value, name: &Value, arguments: &str) {
        self.ids.push(id.as_str().unwrap().to_owned());
        let arguments = if arguments.is_empty() { "{}" } else { arguments };
        self.calls.push((
            name.as_str().unwrap().to_owned(),
            serde_json::from_str(arguments).unwrap(),
        ));
    }

    fn result(&mut self, id: &Value, text: String) {
        let call = self.ids.iter().rposition(|known| known == id);
        self.answer(call, text);
    }

    /// JSON is compared as such: Gemini's results are objects.
    fn answer(&mut self, call: Option<usize>, text: String) {
        let json: Result<Value, _> = serde_json::from_str(&text);
        let text = json.map_or(text, |value| value.to_string());
        self.results.push((call, squeeze(&text)));
    }

    /// A tool without arguments has a schema of any kind that says so.
    fn tool(&mut self, name: &Value, schema: &Value) {
        let empty = schema.is_null() || *schema == serde_json::json!({"type": "object"});
        let schema = if empty || *schema == serde_json::json!({}) {
            Value::Null
        } else {
            schema.clone()
        };
        self.tools.push((name.as_str().unwrap().to_owned(), schema));
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect()
}

fn data_of(url: &str) -> String {
    url.split_once(";base64,")
        .map_or(url, |(_, data)| data)
        .to_owned()
}
