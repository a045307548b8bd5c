//! The oracle itself, against what the recordings say of themselves. Needs nothing of the relay.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::labels;
use crate::recordings::api::{Api, Frames};
use crate::recordings::event_stream;
use crate::recordings::exchange::{Exchange, of_our_apis};
use crate::recordings::frames;
use crate::recordings::oracle;
use crate::recordings::said::Said;
use crate::way::{fail_with, is_chat, is_ok};

fn reads_every_exchange_of(api: Api) {
    let Some(all) = of_our_apis() else { return };
    let mut counts = BTreeMap::<(&str, &str), usize>::new();
    let mut failures = Vec::new();
    for exchange in all
        .iter()
        .filter(|exchange| exchange.api() == api && is_ok(exchange))
    {
        let frames = match exchange.frames {
            Frames::Whole => "whole",
            Frames::Sse | Frames::JsonArray | Frames::EventStream => "streams",
        };
        *counts.entry((&exchange.provider, frames)).or_default() += 1;
        let doubts = labels::doubts(exchange, &Said::of_exchange(exchange));
        failures.extend(doubts.iter().map(|doubt| format!("{}: {doubt}", exchange.id)));
    }
    println!("{api:?}: {counts:?}");
    assert!(!counts.is_empty(), "no exchange of {api:?}");
    fail_with(&failures);
}

/// One test for each API, so that one that is read wrong does not hide another.
macro_rules! the_oracle_reads_every_exchange {
    ($($name:ident: $api:expr,)*) => {
        $(#[test]
        fn $name() {
            reads_every_exchange_of($api);
        })*

        #[test]
        fn every_api_has_a_test() {
            assert_eq!([$($api),*], Api::ALL);
        }
    };
}

mod the_oracle_reads_every_exchange {
    use super::{Api, reads_every_exchange_of};

    the_oracle_reads_every_exchange! {
        of_chat: Api::OpenAIChat,
        of_responses: Api::OpenAIResponses,
        of_completions: Api::OpenAICompletions,
        of_embeddings: Api::OpenAIEmbeddings,
        of_messages: Api::AnthropicMessages,
        of_gemini: Api::GeminiGenerate,
        of_converse: Api::BedrockConverse,
    }
}

#[test]
fn event_streams_are_decoded_as_the_recording_says() {
    let Some(all) = of_our_apis() else { return };
    let framed = |exchange: &&Exchange| exchange.frames == Frames::EventStream;
    let mut count = 0;
    for exchange in all.iter().filter(framed) {
        let decoded: Vec<Value> = event_stream::messages(&exchange.body)
            .into_iter()
            .map(|message| json!({"headers": message.headers, "payload": message.payload}))
            .collect();
        assert_eq!(decoded, exchange.events, "{}", exchange.id);
        count += 1;
    }
    println!("{count} event streams");
    assert!(count > 0, "no event stream");
}

/// A stream of Responses tells the whole answer again in its last event.
#[test]
fn the_last_event_says_what_the_stream_said() {
    let Some(all) = of_our_apis() else { return };
    let wanted = |it: &&Exchange| it.api() == Api::OpenAIResponses && it.is_stream() && is_ok(it);
    let mut count = 0;
    for exchange in all.iter().filter(wanted) {
        let documents = frames::documents(exchange.frames, &exchange.body);
        let last = documents.last().expect("an event")["response"].to_string();
        let told = oracle::read(exchange.api(), Frames::Whole, last.as_bytes(), &exchange.provider);
        let [told, streamed] = [told, Said::of_exchange(exchange)].map(|mut said| {
            for choice in said.choices.values_mut() {
                // OpenAI encrypts it anew each time.
                choice.signatures = choice.signatures.iter().map(|_| String::new()).collect();
                choice.calls.iter_mut().for_each(|call| call.index = None);
            }
            said
        });
        assert_eq!(told, streamed, "{}", exchange.id);
        count += 1;
    }
    println!("{count} streams of Responses");
    assert!(count > 0, "no stream of Responses");
}

/// What a client can be told is all that a second gateway behind the first could tell it.
#[test]
fn what_a_client_is_told_can_be_told_again() {
    let Some(all) = of_our_apis() else { return };
    let mut count = 0;
    for exchange in all.iter().filter(|exchange| is_chat(exchange)) {
        for api in Api::ALL.into_iter().filter(|api| *api != Api::OpenAIEmbeddings) {
            let told = Said::of_exchange(exchange).for_client(api);
            assert_eq!(told.clone().for_client(api), told, "{} as {api:?}", exchange.id);
            count += 1;
        }
    }
    println!("{count} times");
    assert!(count > 0, "nobody was told anything");
}
