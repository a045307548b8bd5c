//! What a client of each API can be told of an answer, and how it shows there.

use crate::recordings::api::Api;
use crate::recordings::said::{Choice, Said, arguments};

/// The model that the relay names where the provider names none.
pub(crate) const ASKED_MODEL: &str = "asked-for";

/// Stands for the id of a call that its provider gave none.
pub(crate) const MADE_UP: &str = "made up";

impl Said {
    /// What of this a client of another API can be told.
    pub(crate) fn for_client(mut self, api: Api) -> Self {
        // The others number their choices, Gemini its candidates.
        if matches!(
            api,
            Api::AnthropicMessages | Api::OpenAIResponses | Api::BedrockConverse
        ) {
            self.choices.retain(|index, _| *index == 0);
        }
        // Usage has to stand in every answer of these.
        if matches!(api, Api::AnthropicMessages | Api::BedrockConverse) {
            self.usage.get_or_insert_default();
        }
        // Converse names no model.
        if api == Api::BedrockConverse {
            self.model.clear();
        } else if self.model.is_empty() {
            ASKED_MODEL.clone_into(&mut self.model);
        }
        if let Some(usage) = &mut self.usage {
            // Gemini has no count of what was written to a cache, Converse none of reasoning: they stay in the totals.
            if api == Api::GeminiGenerate {
                usage.cache_write = 0;
            }
            if api == Api::BedrockConverse {
                usage.reasoning = 0;
            }
            // Legacy completions are told the totals only.
            if api == Api::OpenAICompletions {
                (usage.cache_read, usage.cache_write, usage.reasoning) = (0, 0, 0);
            }
        }
        for choice in self.choices.values_mut() {
            choice.show_in(api);
        }
        self.ended = true;
        self
    }

    /// A source that several pieces of the text lean on may be told once or for each.
    pub(crate) fn with_each_source_once(mut self) -> Self {
        for choice in self.choices.values_mut() {
            choice
                .citations
                .sort_by(|one, other| (&one.url, &one.title).cmp(&(&other.url, &other.title)));
            choice.citations.dedup();
        }
        self
    }
}

impl Choice {
    fn show_in(&mut self, to: Api) {
        self.opaque = 0;
        if to == Api::OpenAICompletions {
            self.keep_text();
        }
        self.finish = Some(self.finish_in(to).to_owned());
        // Only OpenAI's newer APIs have a member for a refusal; elsewhere it is text.
        if !matches!(to, Api::OpenAIChat | Api::OpenAIResponses) {
            let refusal = std::mem::take(&mut self.refusal);
            self.text.push_str(&refusal);
        }
        if to != Api::AnthropicMessages {
            self.stop_sequence = None;
        }
        if !matches!(to, Api::OpenAIChat | Api::OpenAIResponses) {
            self.logprobs.clear();
        }
        // A file of the provider's own has no address that means anything elsewhere.
        self.citations.retain(|source| !source.url.is_empty());
        for call in &mut self.calls {
            call.index = None;
            call.arguments = arguments(&call.arguments);
            if call.id.is_empty() {
                call.id = MADE_UP.to_owned();
            }
        }
    }

    /// Legacy completions have text and nothing else.
    fn keep_text(&mut self) {
        self.reasoning.clear();
        self.signatures.clear();
        self.calls.clear();
        self.citations.clear();
    }

    /// The finish as the oracle reads it back.
    fn finish_in(&self, to: Api) -> &str {
        let calls = !self.calls.is_empty();
        // No finish: the stream broke off after its content, or an old server leaves it out.
        let finish = self
            .finish
            .as_deref()
            .unwrap_or(if calls { "tool_calls" } else { "stop" });
        match (to, finish) {
            // Anthropic has one word for both.
            (Api::AnthropicMessages, "content_filter") => "refusal",
            (Api::AnthropicMessages, finish) => finish,
            // A refusal in words is a message (`completed`, `stop`) with a refusal in it; one without words was withheld.
            (Api::OpenAIChat | Api::OpenAIResponses, "refusal") if !self.refusal.is_empty() => "refusal",
            // Gemini: SAFETY. Converse: content_filtered. Responses: incomplete, content_filter.
            (_, "refusal") => "content_filter",
            // Nobody else can be asked to send a turn back as it is. Legacy completions are told of no calls.
            (_, "pause") | (Api::OpenAICompletions, "tool_calls") => "stop",
            // Gemini: MAX_TOKENS. Responses: incomplete, max_output_tokens. Converse has the word.
            (Api::BedrockConverse, "context") => "context",
            (_, "context") => "length",
            // Gemini: STOP, Responses: completed; there calls show by themselves.
            (_, finish) => finish,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recordings::said::{Call, Citation};

    fn told(choice: Choice, api: Api) -> Choice {
        let mut said = Said::default();
        said.choices.insert(0, choice);
        said.for_client(api).choices.remove(&0).expect("one choice")
    }

    #[test]
    fn finishes_are_in_the_words_of_the_client() {
        let own = [
            "stop",
            "length",
            "tool_calls",
            "content_filter",
            "refusal",
            "pause",
            "context",
        ];
        let plain = [
            "stop",
            "length",
            "tool_calls",
            "content_filter",
            "content_filter",
            "stop",
            "length",
        ];
        let mut converse = plain;
        converse[6] = "context";
        for (api, expected) in [
            (Api::OpenAIChat, plain),
            (Api::OpenAIResponses, plain),
            (Api::GeminiGenerate, plain),
            (
                Api::OpenAICompletions,
                plain.map(|word| if word == "tool_calls" { "stop" } else { word }),
            ),
            (Api::BedrockConverse, converse),
            (
                Api::AnthropicMessages,
                own.map(|word| if word == "content_filter" { "refusal" } else { word }),
            ),
        ] {
            let seen = own.map(|finish| Choice {
                finish: Some(finish.to_owned()),
                ..Choice::default()
            });
            let seen = seen.map(|choice| told(choice, api).finish.expect("a finish"));
            assert_eq!(seen, expected, "{api:?}");
        }
    }

    #[test]
    fn a_refusal_is_text_where_there_is_no_member_for_it() {
        let refused = Choice {
            refusal: String::from("no"),
            finish: Some(String::from("refusal")),
            ..Choice::default()
        };
        for api in Api::ALL {
            let told = told(refused.clone(), api);
            let member = matches!(api, Api::OpenAIChat | Api::OpenAIResponses);
            let (text, refusal) = if member { ("", "no") } else { ("no", "") };
            assert_eq!(
                (told.text.as_str(), told.refusal.as_str()),
                (text, refusal),
                "{api:?}"
            );
            let finish = if member || api == Api::AnthropicMessages {
                "refusal"
            } else {
                "content_filter"
            };
            assert_eq!(told.finish.as_deref(), Some(finish), "{api:?}");
        }
    }

    #[test]
    fn legacy_completions_are_told_text_only() {
        let full = Choice {
            text: String::from("text"),
            reasoning: String::from("thought"),
            signatures: vec![String::from("proof")],
            calls: vec![Call::default()],
            citations: vec![Citation::default()],
            ..Choice::default()
        };
        let expected = Choice {
            text: String::from("text"),
            finish: Some(String::from("stop")),
            ..Choice::default()
        };
        assert_eq!(told(full.clone(), Api::OpenAICompletions), expected);
        assert_eq!(told(full, Api::GeminiGenerate).calls[0].id, MADE_UP);
    }
}
