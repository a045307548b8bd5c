//! What the demo plays: each scene a route of `examples/demo`, with what has to come of it.

use std::time::Duration;

use wayleave_core::outcome::Class;
use wayleave_core::walk::Role;

use super::request::{Client, Delivery, Way, Who};

/// Calls for one model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    /// The model that is asked for, after which the scene is named.
    pub(crate) model: &'static str,
    /// What is to be seen.
    pub(crate) about: &'static str,
    /// What is asked.
    pub(crate) question: &'static str,
    pub(crate) plays: Plays,
    /// The status that the client gets: at the first call, and perhaps another at later ones, when the target whose
    /// error it was rests.
    pub(crate) status: &'static [u16],
    /// Waited between two calls, so that a provider that asked for a rest is tried again.
    pub(crate) pause: Duration,
    pub(crate) script: Script,
    pub(crate) cost: CostIs,
}

/// Which calls are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plays {
    /// One in each format, streamed and not.
    EachWay,
    /// The same, and then one by another client.
    EachWayThenStranger,
    /// So many, the ways in turn.
    Many(usize),
    /// So many, the ways in turn, all at once.
    AtOnce(usize),
    /// So many, the ways in turn; judges are waited for, so that what they say counts for the next ones.
    Judged(usize),
}

/// Which attempts have to be in the ledger.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Script {
    /// These, in this order.
    Attempts(&'static [Expected]),
    /// Any one of these alone; over all calls each of them.
    OneOf(&'static [Expected]),
    /// This for the first call and for another client; all others get its answer from the cache.
    Kept(Expected),
    /// This for one of the calls; all others share its answer.
    Shared(Expected),
    /// Any one of these alone; in the end the last of them serves all calls, but for those that are for finding out.
    Learned(&'static [Expected]),
}

/// The calls at the end of a scene in which what was learned shows.
pub(crate) const SETTLED: usize = 20;
/// How many of them may go elsewhere.
pub(crate) const FOR_FINDING_OUT: usize = 6;

/// One attempt as it has to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    pub(crate) provider: &'static str,
    pub(crate) class: Class,
    pub(crate) roles: &'static [Role],
    /// Whether it may be missing after the scene's first call: a provider that refused its key is left alone for a
    /// while.
    pub(crate) may_rest: bool,
}

/// What a call has to cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CostIs {
    Positive,
    /// Nobody was paid.
    Nothing,
    /// Nobody knows.
    Unknown,
}

impl Plays {
    /// The ways of all calls, in order.
    pub(crate) fn ways(self) -> Vec<Way> {
        let way = |client, delivery, who| Way {
            client,
            delivery,
            who,
        };
        let mut each: Vec<Way> = Client::ALL
            .into_iter()
            .flat_map(|client| Delivery::ALL.map(|delivery| way(client, delivery, Who::Usual)))
            .collect();
        match self {
            Self::EachWay => each,
            Self::EachWayThenStranger => {
                each.push(way(Client::OpenAI, Delivery::Whole, Who::Stranger));
                each
            }
            Self::Many(calls) | Self::AtOnce(calls) | Self::Judged(calls) => {
                each.into_iter().cycle().take(calls).collect()
            }
        }
    }
}

const fn first(provider: &'static str, class: Class) -> Expected {
    Expected {
        provider,
        class,
        roles: &[Role::Primary],
        may_rest: false,
    }
}

/// First, unless the target before it rests.
const fn next(provider: &'static str, class: Class) -> Expected {
    Expected {
        provider,
        class,
        roles: &[Role::Fallback, Role::Primary],
        may_rest: false,
    }
}

const fn resting(expected: Expected) -> Expected {
    Expected {
        may_rest: true,
        ..expected
    }
}

const fn lane(provider: &'static str, class: Class, role: &'static [Role]) -> Expected {
    Expected {
        provider,
        class,
        roles: role,
        may_rest: false,
    }
}

/// Between calls whose answers are judged: a second and more in all, so that a Prometheus sees it happen.
const THINKING: Duration = Duration::from_millis(20);

/// What most scenes have in common.
const USUAL: Scene = Scene {
    model: "",
    about: "",
    question: "What is a wayleave, in one sentence?",
    plays: Plays::EachWay,
    status: &[200],
    pause: Duration::ZERO,
    script: Script::Attempts(&[]),
    cost: CostIs::Positive,
};

/// All scenes. A weighted split of 3 to 1 leaves one side of 40 calls empty once in 100,000 runs.
pub(crate) const SCENES: [Scene; 14] = [
    Scene {
        model: "chat",
        about: "a plain call",
        script: Script::Attempts(&[first("north", Class::Ok)]),
        ..USUAL
    },
    Scene {
        model: "split",
        about: "a weighted split, 3 to 1",
        plays: Plays::Many(40),
        script: Script::OneOf(&[first("north", Class::Ok), first("south", Class::Ok)]),
        ..USUAL
    },
    Scene {
        model: "cheapest",
        about: "the model at which this call costs the least, though it is listed last",
        script: Script::Attempts(&[first("north", Class::Ok)]),
        ..USUAL
    },
    Scene {
        model: "too-dear",
        about: "it would cost more than the route allows: refused before anything is spent",
        status: &[402],
        script: Script::Attempts(&[]),
        cost: CostIs::Nothing,
        ..USUAL
    },
    Scene {
        model: "best-prose",
        about: "a judge scores answers: the cheapest model whose prose is good enough, found out while it serves",
        plays: Plays::Judged(100),
        pause: THINKING,
        script: Script::Learned(&[
            first("west", Class::Ok),
            first("south", Class::Ok),
            first("north", Class::Ok),
        ]),
        ..USUAL
    },
    Scene {
        model: "best-code",
        about: "the same route asked for code, which the cheapest is bad at: another model serves",
        question: "What is wrong here? ```rust\nfn main() { println!(\"{}\", 1 + ); }\n```",
        plays: Plays::Judged(100),
        pause: THINKING,
        script: Script::Learned(&[
            first("west", Class::Ok),
            first("north", Class::Ok),
            first("south", Class::Ok),
        ]),
        ..USUAL
    },
    Scene {
        model: "experiment",
        about: "an experiment: the new model is better, is promoted by itself, and gets all calls",
        plays: Plays::Judged(100),
        pause: THINKING,
        script: Script::Learned(&[first("north", Class::Ok), first("south", Class::Ok)]),
        ..USUAL
    },
    Scene {
        model: "fallback",
        about: "the first is rate limited, the second broken, the third answers",
        // A little more than its `retry-after`.
        pause: Duration::from_millis(1_100),
        script: Script::Attempts(&[
            first("busy", Class::RateLimited),
            next("broken", Class::ServerError),
            next("west", Class::Ok),
        ]),
        ..USUAL
    },
    Scene {
        model: "race-staggered",
        about: "a race: the second starts as the first is slow, and wins",
        script: Script::Attempts(&[
            lane("south", Class::LostRace, &[Role::RaceLoser]),
            lane("north", Class::Ok, &[Role::RaceWinner]),
        ]),
        ..USUAL
    },
    Scene {
        model: "race-together",
        about: "a race: both start at once, the faster wins",
        script: Script::Attempts(&[
            lane("west", Class::LostRace, &[Role::RaceLoser]),
            lane("north", Class::Ok, &[Role::RaceWinner]),
        ]),
        ..USUAL
    },
    Scene {
        model: "cached",
        about: "a cache: asked once, then answered for nothing in every format; another client has its own",
        plays: Plays::EachWayThenStranger,
        script: Script::Kept(first("north", Class::Ok)),
        ..USUAL
    },
    Scene {
        model: "cached-at-once",
        about: "a cache: equal calls at once are one request",
        plays: Plays::AtOnce(20),
        script: Script::Shared(first("north", Class::Ok)),
        ..USUAL
    },
    Scene {
        model: "nobody",
        about: "nobody can serve it: an honest error",
        // Failures at several times, for a Prometheus that watches.
        pause: Duration::from_millis(300),
        status: &[401, 503],
        script: Script::Attempts(&[
            resting(first("denied", Class::AuthFailed)),
            next("dead", Class::ServerError),
        ]),
        cost: CostIs::Nothing,
        ..USUAL
    },
    Scene {
        model: "unpriced",
        about: "nobody has a price: its cost is unknown, not 0",
        script: Script::Attempts(&[first("north", Class::Ok)]),
        cost: CostIs::Unknown,
        ..USUAL
    },
];
