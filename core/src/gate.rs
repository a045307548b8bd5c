//! Whether an answer may be served: the commit point of a single attempt, the winning post of a race.

use std::time::Duration;

use serde_json::Value;

use crate::event::Finish;
use crate::outcome::Class;
use crate::relay::Tally;
use crate::snapshot::{Accept, JsonAccept, Refusals, SlowStream};

/// Start-up events that are held back at most.
pub const MAX_HELD_EVENTS: u32 = 64;
/// Start-up bytes that are held back at most.
pub const MAX_HELD_BYTES: usize = 256 << 10;
/// Text that is kept at most where the whole answer has to be JSON.
pub const MAX_JSON_BYTES: usize = 1 << 20;

/// What an answer has to be.
#[derive(Clone, Copy, Debug)]
pub struct Gate<'a> {
    /// The conditions of the route.
    pub accept: Accept,
    /// When it counts as too slow.
    pub slow: Option<SlowStream>,
    /// The schema that the request carries.
    pub schema: Option<&'a Value>,
}

/// What is known of an answer at one time.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// What it has said.
    pub tally: &'a Tally,
    /// Whether the provider's body has ended.
    pub complete: bool,
    /// Time since its first content.
    pub since_content: Duration,
    /// Bytes held back for the client.
    pub held: usize,
}

/// What the gate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not yet to be told. `recheck`: ask again by then, even if nothing more has come.
    Wait {
        /// From now.
        recheck: Option<Duration>,
    },
    /// It may be served.
    Acceptable,
    /// It may not.
    Unacceptable(Class, String),
}

const WAIT: Verdict = Verdict::Wait { recheck: None };

impl Gate<'_> {
    /// Judges an answer. Faults go before content: an error frame never wins.
    pub fn judge(&self, now: Progress<'_>) -> Verdict {
        let tally = now.tally;
        if let Some(fault) = &tally.fault {
            return Verdict::Unacceptable(fault.class, fault.message.clone());
        }
        if tally.refused && self.accept.refusals == Refusals::Reject {
            return Verdict::Unacceptable(Class::Refused, "the model refused".to_owned());
        }
        if now.complete {
            return self.judge_whole(tally);
        }
        if self.accept.json != JsonAccept::Off {
            return WAIT;
        }
        if tally.content && self.said_enough(tally) {
            return self.judge_pace(now);
        }
        let window_full = tally.events >= MAX_HELD_EVENTS || now.held >= MAX_HELD_BYTES;
        if window_full && !tally.content && self.accept.min_characters <= 1 {
            Verdict::Acceptable
        } else {
            WAIT
        }
    }

    fn said_enough(&self, tally: &Tally) -> bool {
        tally.characters >= u64::from(self.accept.min_characters) || tally.whole_tool_calls > 0
    }

    fn judge_pace(&self, now: Progress<'_>) -> Verdict {
        let Some(slow) = self.slow else {
            return Verdict::Acceptable;
        };
        if now.since_content < slow.window {
            return Verdict::Wait {
                recheck: Some(slow.window.saturating_sub(now.since_content)),
            };
        }
        let seconds = now.since_content.as_millis().max(1);
        let per_second = u128::from(now.tally.characters) * 1000 / seconds;
        if per_second < u128::from(slow.min_characters_per_second) {
            let wanted = slow.min_characters_per_second;
            let message = format!("{per_second} characters per second, {wanted} wanted");
            return Verdict::Unacceptable(Class::SlowStream, message);
        }
        Verdict::Acceptable
    }

    fn judge_whole(&self, tally: &Tally) -> Verdict {
        if !tally.content && !ends_without_content(tally) {
            let message = "the answer has no content".to_owned();
            return Verdict::Unacceptable(Class::Empty, message);
        }
        if !tally.ended {
            return Verdict::Unacceptable(Class::Network, "the answer broke off before its end".to_owned());
        }
        if !self.said_enough(tally) && self.accept.min_characters > 1 {
            let message = format!(
                "{} characters, {} wanted",
                tally.characters, self.accept.min_characters
            );
            return Verdict::Unacceptable(Class::Empty, message);
        }
        self.judge_json(tally)
    }

    fn judge_json(&self, tally: &Tally) -> Verdict {
        if self.accept.json == JsonAccept::Off || tally.whole_tool_calls > 0 {
            return Verdict::Acceptable;
        }
        let value: Value = match serde_json::from_str(&tally.text) {
            Ok(value) => value,
            Err(error) => return Verdict::Unacceptable(Class::NotJson, format!("not JSON: {error}")),
        };
        match (self.accept.json, self.schema) {
            (JsonAccept::Schema, Some(schema)) => match fits(schema, &value) {
                Ok(()) => Verdict::Acceptable,
                Err(reason) => Verdict::Unacceptable(Class::NotJson, reason),
            },
            (JsonAccept::Off | JsonAccept::Parse | JsonAccept::Schema, _) => Verdict::Acceptable,
        }
    }
}

/// An answer may rightly say nothing: the output limit fell within hidden reasoning, a filter withheld all of it, or
/// tokens were made that are not text.
fn ends_without_content(tally: &Tally) -> bool {
    match tally.finish {
        Some(
            Finish::Length | Finish::ContentFilter | Finish::Refusal | Finish::ContextWindow | Finish::Pause,
        ) => true,
        Some(Finish::Stop | Finish::ToolCalls) => tally.report.is_some_and(|report| report.usage.output > 0),
        None => false,
    }
}

fn fits(schema: &Value, value: &Value) -> Result<(), String> {
    let validator = jsonschema::validator_for(schema)
        .map_err(|error| format!("the request's JSON schema is not valid: {error}"))?;
    validator.validate(value).map_err(|error| {
        let at = error.instance_path().to_string();
        let reason: String = error.to_string().chars().take(300).collect();
        format!("does not fit the schema at {at:?}: {reason}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Fault;
    use crate::usage::{Report, Usage};

    const PLAIN: Gate<'_> = Gate {
        accept: Accept {
            min_characters: 1,
            json: JsonAccept::Off,
            refusals: Refusals::Allow,
        },
        slow: None,
        schema: None,
    };

    fn judge(gate: &Gate<'_>, tally: &Tally, complete: bool) -> Verdict {
        gate.judge(Progress {
            tally,
            complete,
            since_content: Duration::ZERO,
            held: 0,
        })
    }

    fn said(characters: u64) -> Tally {
        Tally {
            content: characters > 0,
            characters,
            events: 3,
            ..Tally::default()
        }
    }

    fn class(verdict: &Verdict) -> Option<Class> {
        match verdict {
            Verdict::Unacceptable(class, _) => Some(*class),
            Verdict::Wait { .. } | Verdict::Acceptable => None,
        }
    }

    #[test]
    fn headers_and_start_events_do_not_win() {
        let started = Tally {
            events: 2,
            ..Tally::default()
        };
        assert_eq!(judge(&PLAIN, &started, false), WAIT);
        assert_eq!(judge(&PLAIN, &said(1), false), Verdict::Acceptable);
    }

    #[test]
    fn an_error_frame_never_wins_even_after_content() {
        let fault = Fault {
            class: Class::RateLimited,
            status: 429,
            code: None,
            message: "busy".into(),
        };
        let tally = Tally {
            fault: Some(fault),
            ..said(10)
        };
        assert_eq!(class(&judge(&PLAIN, &tally, false)), Some(Class::RateLimited));
    }

    #[test]
    fn an_empty_done_never_wins() {
        let done = Tally {
            ended: true,
            ..Tally::default()
        };
        assert_eq!(class(&judge(&PLAIN, &done, true)), Some(Class::Empty));
        let stopped = Tally {
            finish: Some(Finish::Stop),
            ..done.clone()
        };
        assert_eq!(class(&judge(&PLAIN, &stopped, true)), Some(Class::Empty));
    }

    #[test]
    fn an_answer_may_rightly_say_nothing() {
        let cut_short = Tally {
            ended: true,
            finish: Some(Finish::Length),
            ..Tally::default()
        };
        assert_eq!(judge(&PLAIN, &cut_short, true), Verdict::Acceptable);
        let report = Report {
            usage: Usage {
                output: 3,
                ..Usage::default()
            },
            ..Report::default()
        };
        let tokens = Tally {
            ended: true,
            finish: Some(Finish::Stop),
            report: Some(report),
            ..Tally::default()
        };
        assert_eq!(judge(&PLAIN, &tokens, true), Verdict::Acceptable);
    }

    #[test]
    fn a_body_that_breaks_off_is_no_answer() {
        assert_eq!(class(&judge(&PLAIN, &said(5), true)), Some(Class::Network));
    }

    #[test]
    fn characters_or_a_whole_tool_call_are_enough() {
        let gate = Gate {
            accept: Accept {
                min_characters: 20,
                ..PLAIN.accept
            },
            ..PLAIN
        };
        assert_eq!(judge(&gate, &said(19), false), WAIT);
        assert_eq!(judge(&gate, &said(20), false), Verdict::Acceptable);
        let call = Tally {
            whole_tool_calls: 1,
            ..said(2)
        };
        assert_eq!(judge(&gate, &call, false), Verdict::Acceptable);
        let short = Tally {
            ended: true,
            finish: Some(Finish::Stop),
            ..said(3)
        };
        assert_eq!(class(&judge(&gate, &short, true)), Some(Class::Empty));
    }

    #[test]
    fn a_full_start_window_is_let_through() {
        let silent = Tally {
            events: MAX_HELD_EVENTS,
            ..Tally::default()
        };
        assert_eq!(judge(&PLAIN, &silent, false), Verdict::Acceptable);
    }

    #[test]
    fn pace_is_judged_at_the_end_of_its_window() {
        let slow = SlowStream {
            min_characters_per_second: 10,
            window: Duration::from_secs(2),
        };
        let gate = Gate {
            slow: Some(slow),
            ..PLAIN
        };
        let at = |since, characters| {
            let tally = said(characters);
            gate.judge(Progress {
                tally: &tally,
                complete: false,
                since_content: since,
                held: 0,
            })
        };
        let half = Duration::from_millis(500);
        assert_eq!(
            at(half, 1),
            Verdict::Wait {
                recheck: Some(Duration::from_millis(1500))
            }
        );
        assert_eq!(class(&at(Duration::from_secs(2), 19)), Some(Class::SlowStream));
        assert_eq!(at(Duration::from_secs(2), 20), Verdict::Acceptable);
    }

    #[test]
    fn refusals_lose_only_where_rejected() {
        let refusal = Tally {
            refused: true,
            ended: true,
            finish: Some(Finish::Refusal),
            ..said(9)
        };
        assert_eq!(judge(&PLAIN, &refusal, true), Verdict::Acceptable);
        let gate = Gate {
            accept: Accept {
                refusals: Refusals::Reject,
                ..PLAIN.accept
            },
            ..PLAIN
        };
        assert_eq!(class(&judge(&gate, &refusal, false)), Some(Class::Refused));
    }

    #[test]
    fn json_is_judged_on_the_whole() {
        let schema = serde_json::json!({"type": "object", "required": ["n"]});
        let gate = Gate {
            accept: Accept {
                json: JsonAccept::Schema,
                ..PLAIN.accept
            },
            schema: Some(&schema),
            ..PLAIN
        };
        let whole = |text: &str| Tally {
            text: text.into(),
            ended: true,
            finish: Some(Finish::Stop),
            ..said(9)
        };
        assert_eq!(judge(&gate, &whole("{\"n\": 1}"), false), WAIT);
        assert_eq!(judge(&gate, &whole("{\"n\": 1}"), true), Verdict::Acceptable);
        assert_eq!(
            class(&judge(&gate, &whole("{\"m\": 1}"), true)),
            Some(Class::NotJson)
        );
        assert_eq!(
            class(&judge(&gate, &whole("{\"n\": "), true)),
            Some(Class::NotJson)
        );
    }
}
