//! Gemini's generateContent and streamGenerateContent, at Google's own endpoint and on Vertex.

use serde_json::Value;

use super::{Answer, count, list, text};
use crate::recordings::said::{Call, Choice, Said, Usage};

pub(super) fn read(answer: Answer<'_>) -> Said {
    let mut said = Said::default();
    for document in answer.documents {
        if said.model.is_empty() {
            text(&document["modelVersion"]).clone_into(&mut said.model);
        }
        usage(&mut said, &document["usageMetadata"]);
        for candidate in list(&document["candidates"]) {
            // Vertex and a single candidate leave the index out.
            let choice = said.choices.entry(count(&candidate["index"])).or_default();
            for one in list(&candidate["content"]["parts"]) {
                part(choice, one);
            }
            for source in list(&candidate["groundingMetadata"]["groundingChunks"]) {
                for place in [&source["web"], &source["retrievedContext"], &source["maps"]] {
                    choice.cite(text(&place["uri"]), text(&place["title"]));
                }
            }
            let told = finish(&candidate["finishReason"], answer.provider);
            choice.finish = choice.finish.take().or(told);
        }
        // A prompt that is turned away has no candidate.
        if !document["promptFeedback"]["blockReason"].is_null() {
            said.only().finish = Some(String::from("content_filter"));
        }
    }
    said
}

fn part(choice: &mut Choice, part: &Value) {
    choice.prove(text(&part["thoughtSignature"]));
    let call = &part["functionCall"];
    if let Some(piece) = part["text"].as_str() {
        let thought = part["thought"] == true;
        let place = if thought {
            &mut choice.reasoning
        } else {
            &mut choice.text
        };
        place.push_str(piece);
    } else if call.is_object() {
        // Never in pieces. Older models give no id.
        choice.calls.push(Call {
            index: None,
            id: text(&call["id"]).to_owned(),
            name: text(&call["name"]).to_owned(),
            // As the gateway keeps arguments that were cut off and are no JSON.
            arguments: match (&call["args"], call["args"]["_unparsed"].as_str()) {
                (Value::Null, _) => String::new(),
                (_, Some(unparsed)) => unparsed.to_owned(),
                (args, None) => args.to_string(),
            },
        });
    } else {
        choice.opaque += 1;
    }
}

/// The last counts as a whole: the count of the prompt changes on the way, and Vertex' first ones count nothing.
/// Thoughts are not among the candidates' tokens, nor what the provider's tools read among the prompt's.
fn usage(said: &mut Said, usage: &Value) {
    if usage["promptTokenCount"].is_null() && usage["totalTokenCount"].is_null() {
        return;
    }
    let reasoning = count(&usage["thoughtsTokenCount"]);
    said.usage = Some(Usage {
        input: count(&usage["promptTokenCount"]) + count(&usage["toolUsePromptTokenCount"]),
        cache_read: count(&usage["cachedContentTokenCount"]),
        cache_write: 0,
        output: count(&usage["candidatesTokenCount"]) + reasoning,
        reasoning,
    });
}

fn finish(reason: &Value, provider: &str) -> Option<String> {
    // With `enum-encoding=int`. From 6 on Google's two definitions differ.
    let word = match (reason.as_u64(), provider) {
        (None, _) => reason.as_str()?,
        (Some(0), _) => return None,
        (Some(1), _) => "STOP",
        (Some(2), _) => "MAX_TOKENS",
        (Some(3), _) => "SAFETY",
        (Some(4), _) => "RECITATION",
        (Some(6..=8 | 10), "vertex") | (Some(7..=9 | 11), _) => "PROHIBITED_CONTENT",
        (Some(_), _) => "OTHER",
    };
    let reason = match word {
        "FINISH_REASON_UNSPECIFIED" | "" => return None,
        "MAX_TOKENS" => "length",
        "SAFETY"
        | "RECITATION"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "MODEL_ARMOR"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION" => "content_filter",
        // STOP; and LANGUAGE, OTHER, MALFORMED_FUNCTION_CALL, UNEXPECTED_TOOL_CALL, NO_IMAGE: nobody else has words.
        _ => "stop",
    };
    Some(reason.to_owned())
}
