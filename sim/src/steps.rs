//! The course of an answer's body: what is sent when, and where it goes wrong.

use std::iter;
use std::time::Duration;

use bytes::Bytes;

use crate::behaviour::{Behaviour, Trouble};
use crate::frame::{Frame, FrameKind, Frames};

/// One step of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Send(Bytes),
    Wait(Duration),
    /// Lets go what was sent so far, so that it arrives apart from what follows.
    Flush,
    /// Nothing more, ever, and no end.
    Hang,
    /// The connection is cut.
    Cut,
}

/// The steps of one body, made when they are due.
pub(crate) type Steps = Box<dyn Iterator<Item = Step> + Send>;

/// An answer that is not streamed.
pub(crate) enum Whole {
    /// At once.
    Full(Bytes),
    /// In steps, under a declared length if there is one.
    Steps(Steps, Option<usize>),
}

/// What an answer turns into when it goes wrong, in its own format.
pub(crate) struct Wrong {
    /// An error event or body.
    pub(crate) error: Bytes,
    /// A well-formed stream without content.
    pub(crate) empty: Vec<Bytes>,
}

/// Lets the bytes before a cut reach the client: what lies in the server's buffers is lost with the connection.
const BEFORE_CUT: Duration = Duration::from_millis(2);
/// No JSON, no event stream, no text.
const GARBAGE: &[u8] = b"\x1f\x8b\x00<html>\xff\xfe{\"choices\": [data: oops\r\n\r\n\x00";
/// Content of an endless stream before it goes wrong half way.
const HALF_OF_ENDLESS: usize = 8;
const DRIP_PIECES: usize = 16;
/// White space after a JSON value leaves it valid, however long it is.
const PADDING: [u8; 4_096] = [b' '; 4_096];

/// The course of a streamed answer.
pub(crate) fn stream(frames: Frames, behaviour: &Behaviour, wrong: impl FnOnce() -> Wrong) -> Steps {
    let half = half(&frames);
    let all = frames.events;
    let waiting = (!behaviour.ttft.is_zero())
        .then_some(Step::Wait(behaviour.ttft))
        .into_iter();
    match behaviour.trouble {
        Trouble::None | Trouble::HangHeaders | Trouble::Reset => Box::new(timed(all, behaviour)),
        Trouble::HangBody => Box::new(iter::once(Step::Hang)),
        Trouble::HangMid => Box::new(timed(until(all, half), behaviour).chain(iter::once(Step::Hang))),
        Trouble::Cut => Box::new(timed(until(all, half), behaviour).chain(cut())),
        Trouble::NoDone => Box::new(timed(
            all.take_while(|frame| frame.kind != FrameKind::Terminal),
            behaviour,
        )),
        Trouble::ErrorFrame => Box::new(waiting.chain(iter::once(Step::Send(wrong().error)))),
        Trouble::ErrorMid => {
            Box::new(timed(until(all, half), behaviour).chain(iter::once(Step::Send(wrong().error))))
        }
        Trouble::EmptyDone => Box::new(waiting.chain(wrong().empty.into_iter().map(Step::Send))),
        Trouble::Garbage => Box::new(waiting.chain(iter::once(Step::Send(Bytes::from_static(GARBAGE))))),
    }
}

fn half(frames: &Frames) -> usize {
    frames.content.map_or(HALF_OF_ENDLESS, |count| (count / 2).max(1))
}

/// How many events come before an answer goes wrong half way.
pub(crate) fn events_before_half(frames: Frames) -> usize {
    let half = half(&frames);
    until(frames.events, half).count()
}

/// Events before the one that would exceed `half` content events.
fn until(events: impl Iterator<Item = Frame> + Send, half: usize) -> impl Iterator<Item = Frame> + Send {
    let mut left = half;
    events.take_while(move |frame| match frame.kind {
        FrameKind::Plain => true,
        FrameKind::Terminal => false,
        FrameKind::Content => {
            let goes_on = left > 0;
            left = left.saturating_sub(1);
            goes_on
        }
    })
}

/// Waits for the first content, and then before each further one.
fn timed<I>(events: I, behaviour: &Behaviour) -> impl Iterator<Item = Step> + Send + use<I>
where
    I: Iterator<Item = Frame> + Send,
{
    let mut first = Some(behaviour.ttft);
    let pace = behaviour.pace;
    events.flat_map(move |frame| {
        let wait = match frame.kind {
            FrameKind::Plain => Duration::ZERO,
            FrameKind::Content => first.take().unwrap_or(pace),
            FrameKind::Terminal => first.take().unwrap_or(Duration::ZERO),
        };
        (!wait.is_zero())
            .then_some(Step::Wait(wait))
            .into_iter()
            .chain(iter::once(Step::Send(frame.bytes)))
    })
}

fn cut() -> [Step; 2] {
    [Step::Wait(BEFORE_CUT), Step::Cut]
}

/// The course of an answer that is not streamed. `pace` plays no part but in `drip`.
pub(crate) fn whole(body: Bytes, behaviour: &Behaviour, wrong: impl FnOnce() -> Wrong) -> Whole {
    let half = body.slice(..body.len() / 2);
    match behaviour.trouble {
        Trouble::None | Trouble::HangHeaders | Trouble::Reset | Trouble::EmptyDone => {
            if behaviour.endless {
                let start = iter::once(Step::Send(body));
                Whole::Steps(
                    Box::new(start.chain(iter::repeat(Step::Send(Bytes::from_static(&PADDING))))),
                    None,
                )
            } else if behaviour.drip {
                dripping(&body, behaviour.pace)
            } else {
                Whole::Full(body)
            }
        }
        Trouble::HangBody => Whole::Steps(Box::new(iter::once(Step::Hang)), None),
        Trouble::HangMid => Whole::Steps(Box::new([Step::Send(half), Step::Hang].into_iter()), None),
        Trouble::Cut => Whole::Steps(
            Box::new(iter::once(Step::Send(half)).chain(cut())),
            Some(body.len()),
        ),
        Trouble::NoDone => Whole::Full(half),
        Trouble::ErrorFrame | Trouble::ErrorMid => Whole::Full(wrong().error),
        Trouble::Garbage => Whole::Full(Bytes::from_static(GARBAGE)),
    }
}

fn dripping(body: &Bytes, pace: Duration) -> Whole {
    let size = body.len().div_ceil(DRIP_PIECES).max(1);
    let pieces: Vec<Bytes> = body.chunks(size).map(|piece| body.slice_ref(piece)).collect();
    Whole::Steps(spaced(pieces, Step::Wait(pace)), Some(body.len()))
}

/// Bytes in given pieces, each of them a write of its own.
pub(crate) fn verbatim(chunks: Vec<Bytes>, pause: Duration) -> Steps {
    let between = if pause.is_zero() {
        Step::Flush
    } else {
        Step::Wait(pause)
    };
    spaced(chunks, between)
}

/// `between` stands only between pieces: the last one must be the last step.
fn spaced(pieces: Vec<Bytes>, between: Step) -> Steps {
    Box::new(
        pieces
            .into_iter()
            .flat_map(move |piece| [between.clone(), Step::Send(piece)])
            .skip(1),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames() -> Frames {
        let events = vec![
            Frame::plain("role"),
            Frame::content("a"),
            Frame::content("b"),
            Frame::content("c"),
            Frame::content("d"),
            Frame::terminal("finish"),
            Frame::terminal("done"),
        ];
        Frames {
            events: Box::new(events.into_iter()),
            content: Some(4),
        }
    }

    fn wrong() -> Wrong {
        Wrong {
            error: "error".into(),
            empty: vec!["done".into()],
        }
    }

    fn course(behaviour: &str) -> String {
        let steps = stream(frames(), &behaviour.parse().expect(behaviour), wrong);
        let word = |step: Step| match step {
            Step::Send(bytes) if bytes == GARBAGE => "garbage".to_owned(),
            Step::Send(bytes) => String::from_utf8(bytes.to_vec()).expect("text"),
            Step::Wait(time) => format!("{time:?}"),
            Step::Flush => "flush".to_owned(),
            Step::Hang => "hang".to_owned(),
            Step::Cut => "cut".to_owned(),
        };
        steps.map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn delays_stand_before_content_only() {
        assert_eq!(course(""), "role a b c d finish done");
        assert_eq!(
            course("ttft=3ms&pace=1ms"),
            "role 3ms a 1ms b 1ms c 1ms d finish done"
        );
    }

    #[test]
    fn every_trouble_takes_its_course() {
        for (behaviour, wanted) in [
            ("hang=body", "hang"),
            ("hang=mid", "role a b hang"),
            ("fault=cut", "role a b 2ms cut"),
            ("fault=no-done", "role a b c d"),
            ("fault=error-frame", "error"),
            ("fault=error-frame&ttft=3ms", "3ms error"),
            ("fault=error-mid", "role a b error"),
            ("fault=empty-done", "done"),
            ("fault=garbage", "garbage"),
        ] {
            assert_eq!(course(behaviour), wanted, "{behaviour}");
        }
    }

    #[test]
    fn whole_answers_go_wrong_too() {
        let body = Bytes::from_static(b"0123456789");
        let run = |behaviour: &str| match whole(body.clone(), &behaviour.parse().expect(behaviour), wrong) {
            Whole::Full(bytes) => (vec![Step::Send(bytes)], None),
            Whole::Steps(steps, length) => (steps.take(40).collect(), length),
        };
        let send = |text: &'static str| Step::Send(text.into());
        assert_eq!(run(""), (vec![send("0123456789")], None));
        assert_eq!(run("fault=no-done"), (vec![send("01234")], None));
        assert_eq!(run("fault=error-frame"), (vec![send("error")], None));
        assert_eq!(run("hang=mid"), (vec![send("01234"), Step::Hang], None));
        assert_eq!(
            run("fault=cut"),
            (vec![send("01234"), Step::Wait(BEFORE_CUT), Step::Cut], Some(10))
        );
        assert_eq!(run("drip").0.len(), 19);
        assert_eq!(run("endless").0.len(), 40);
    }
}
