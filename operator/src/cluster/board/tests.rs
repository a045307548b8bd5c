//! What is written, and when; [`failure`] has what cannot be.

mod failure;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use wayleave_api::experiment::status::{ArmStatus, DecisionStatus, ExperimentStatus};
use wayleave_core::snapshot::ObjectName;

use super::*;
use crate::object::Kind;

fn object(name: &str) -> ObjectRef {
    ObjectRef::new(Kind::LLMRoute, ObjectName::new("a", name))
}

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Condition {
    Condition {
        type_: kind.to_owned(),
        status: status.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        observed_generation: None,
        last_transition_time: Time(jiff::Timestamp::UNIX_EPOCH),
    }
}

fn said(generation: i64, status: &str, reason: &str, message: &str) -> Status {
    let conditions = ["Programmed", "Ready"].map(|kind| condition(kind, status, reason, message));
    Status {
        observed_generation: Some(generation),
        conditions: conditions.to_vec(),
        targets: Vec::new(),
        experiments: Vec::new(),
    }
}

/// Written at once.
fn broken(generation: i64) -> Status {
    said(generation, "False", "NotInForce", "")
}

fn programmed(message: &str) -> Status {
    said(1, "True", "Programmed", message)
}

fn pending(message: &str) -> Status {
    said(1, "Unknown", "Pending", message)
}

/// A board with a clock in milliseconds.
struct Clocked {
    board: Board,
    began: Instant,
}

impl Clocked {
    fn new() -> Self {
        Self {
            board: Board::default(),
            began: Instant::now(),
        }
    }

    fn at(&self, milliseconds: u64) -> Instant {
        self.began + Duration::from_millis(milliseconds)
    }

    fn want(&mut self, milliseconds: u64, name: &str, current: Option<&Status>, status: &Status) {
        let now = self.at(milliseconds);
        self.board.want(&object(name), current, status.clone(), now);
    }

    fn due(&mut self, milliseconds: u64) -> Vec<(ObjectRef, Status)> {
        let now = self.at(milliseconds);
        self.board.due(now, usize::MAX)
    }

    fn fail(&mut self, milliseconds: u64, name: &str, status: &Status, jitter: f64) {
        let now = self.at(milliseconds);
        self.board.failed(&object(name), status.clone(), now, jitter);
    }

    /// In how many milliseconds from the beginning something is to be written.
    fn next(&self) -> Option<u128> {
        Some((self.board.next()? - self.began).as_millis())
    }
}

#[test]
fn what_is_due_comes_when_it_is_and_not_more_than_is_asked_for() {
    let mut clocked = Clocked::new();
    clocked.want(0, "later", None, &pending("0/1"));
    assert_eq!((clocked.next(), clocked.due(499)), (Some(500), vec![]));
    for name in ["b", "a", "c"] {
        clocked.want(100, name, None, &broken(1));
    }
    assert_eq!(clocked.next(), Some(100));
    let now = clocked.at(100);
    let some = clocked.board.due(now, 2);
    assert_eq!(some, [(object("a"), broken(1)), (object("b"), broken(1))]);
    assert_eq!(clocked.board.writing(), 2);
    assert_eq!(clocked.due(100), [(object("c"), broken(1))]);
    assert_eq!(clocked.due(500), [(object("later"), pending("0/1"))]);
    assert_eq!((clocked.next(), clocked.board.writing()), (None, 4));
    for name in ["a", "b", "c", "later"] {
        clocked.board.done(&object(name));
    }
    assert_eq!(clocked.board.writing(), 0);
    assert!(
        clocked.board.lines.is_empty(),
        "nothing is kept of what is written"
    );
}

#[test]
fn what_is_said_already_is_not_written() {
    let mut clocked = Clocked::new();
    let older = Status {
        conditions: vec![],
        ..broken(1)
    };
    clocked.want(0, "it", Some(&older), &broken(1));
    assert_eq!(clocked.next(), Some(0));
    let mut said_earlier = broken(1);
    said_earlier.conditions[0].last_transition_time = Time(jiff::Timestamp::MAX);
    clocked.want(1, "it", Some(&said_earlier), &broken(1));
    assert_eq!((clocked.next(), clocked.due(10)), (None, vec![]));
    assert!(clocked.board.lines.is_empty());
}

#[test]
fn a_data_plane_that_comes_back_in_time_is_never_missed() {
    let mut clocked = Clocked::new();
    let now = programmed("1/1 data plane");
    clocked.want(0, "it", Some(&now), &pending("0/1 data plane"));
    // It does not begin anew with each number.
    clocked.want(9_000, "it", Some(&now), &pending("1/2 data planes"));
    assert_eq!(clocked.next(), Some(15_000));
    clocked.want(14_000, "it", Some(&now), &now);
    assert_eq!(clocked.next(), None);
    // The next time counts for itself.
    clocked.want(20_000, "it", Some(&now), &pending("0/1 data plane"));
    assert_eq!(clocked.next(), Some(35_000));
}

#[test]
fn numbers_are_collected_and_news_are_not() {
    let mut clocked = Clocked::new();
    let now = programmed("1/1 data plane");
    clocked.want(0, "it", Some(&now), &programmed("2/2 data planes"));
    clocked.want(1_500, "it", Some(&now), &programmed("3/3 data planes"));
    assert_eq!(clocked.next(), Some(2_000));
    clocked.want(1_600, "it", Some(&now), &broken(2));
    assert_eq!(clocked.due(1_600), [(object("it"), broken(2))]);
}

/// With an experiment whose arm has had so many calls.
fn experimenting(calls: i64, fate: Option<&str>) -> Status {
    let arm = ArmStatus {
        calls,
        decision: fate.map(|fate| DecisionStatus {
            fate: fate.to_owned(),
            ..DecisionStatus::default()
        }),
        ..ArmStatus::default()
    };
    let experiment = ExperimentStatus {
        arms: vec![arm],
        ..ExperimentStatus::default()
    };
    Status {
        experiments: vec![experiment],
        ..programmed("1/1 data plane")
    }
}

#[test]
fn figures_of_experiments_are_written_twice_a_minute_at_most() {
    let mut clocked = Clocked::new();
    let mut said = programmed("1/1 data plane");
    // The first are news.
    clocked.want(0, "it", Some(&said), &experimenting(1, None));
    assert_eq!(clocked.next(), Some(2_000));
    let mut written = Vec::new();
    for second in 2..122 {
        let calls = i64::try_from(second).expect("small");
        clocked.want(second * 1_000, "it", Some(&said), &experimenting(calls, None));
        for (object, status) in clocked.due(second * 1_000) {
            written.push(second);
            said = status;
            clocked.board.done(&object);
        }
    }
    assert_eq!(written, [2, 33, 64, 95]);
    // What was decided is news again, and what does not change is not written.
    clocked.want(122_000, "it", Some(&said), &experimenting(121, Some("Promoted")));
    assert_eq!(clocked.due(122_000).len(), 1);
    clocked.board.done(&object("it"));
    let said = experimenting(121, Some("Promoted"));
    clocked.want(123_000, "it", Some(&said), &said);
    assert_eq!(clocked.next(), None);
}

#[test]
fn the_last_that_is_wanted_while_writing_is_written_next() {
    let mut clocked = Clocked::new();
    clocked.want(0, "it", None, &broken(1));
    assert_eq!(clocked.due(0).len(), 1);
    clocked.want(1, "it", None, &broken(2));
    clocked.want(2, "it", None, &broken(3));
    assert_eq!(
        (clocked.next(), clocked.due(3)),
        (None, vec![]),
        "one after the other"
    );
    clocked.board.done(&object("it"));
    assert_eq!(clocked.due(4), [(object("it"), broken(3))]);
    clocked.board.done(&object("it"));
    assert_eq!(clocked.next(), None);
}

#[test]
fn what_is_being_written_counts_as_said() {
    let mut clocked = Clocked::new();
    clocked.want(0, "it", None, &programmed("1/1"));
    assert_eq!(clocked.due(0).len(), 1);
    clocked.want(1, "it", None, &programmed("1/1"));
    clocked.board.done(&object("it"));
    assert_eq!(clocked.next(), None, "not twice");

    clocked.want(10, "it", None, &programmed("1/1"));
    assert_eq!(clocked.due(10).len(), 1);
    clocked.want(20, "it", None, &pending("0/1"));
    clocked.board.done(&object("it"));
    assert_eq!(
        clocked.next(),
        Some(15_020),
        "it was programmed: it is given time to come back"
    );
}

#[test]
fn nothing_is_written_of_what_is_gone_or_not_ours_to_say() {
    let mut clocked = Clocked::new();
    for name in ["gone", "stays"] {
        clocked.want(0, name, None, &broken(1));
    }
    clocked.board.retain(|there| *there == object("stays"));
    assert_eq!(clocked.due(0), [(object("stays"), broken(1))]);
    clocked.board.clear();
    // The write that was on its way when another became leader.
    clocked.fail(1, "stays", &broken(1), 1.0);
    clocked.board.done(&object("stays"));
    assert_eq!((clocked.next(), clocked.board.writing()), (None, 0));
}
