//! A data plane that does as it likes: whatever it rejects, and in whatever order it answers, it ends with the bundle
//! minus what it rejected; and the operator knows so.

use proptest::prelude::*;

use super::*;
use crate::config::fleet::{Fleet, Membership};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// What happens next.
#[derive(Clone, Debug)]
enum Event {
    /// The configuration becomes this: one content, or nothing, for each name.
    Change([Option<u8>; NAMES.len()]),
    /// The data plane answers one of the messages.
    Answer(prop::sample::Index),
}

fn event() -> impl Strategy<Value = Event> {
    let contents = prop::array::uniform5(prop::option::of(0..4_u8));
    prop_oneof![
        3 => contents.prop_map(Event::Change),
        2 => any::<prop::sample::Index>().prop_map(Event::Answer),
    ]
}

/// How the data plane takes a message.
#[derive(Clone, Copy, Debug)]
enum Mood {
    Takes,
    /// Rejects the names whose bits are set.
    Rejects(u8),
    RejectsAll,
}

fn mood() -> impl Strategy<Value = Mood> {
    prop_oneof![
        3 => Just(Mood::Takes),
        2 => any::<u8>().prop_map(Mood::Rejects),
        1 => Just(Mood::RejectsAll),
    ]
}

/// What only stands in.
const BROKEN: u8 = 3;

fn of(contents: &[Option<u8>; NAMES.len()]) -> Bundle {
    let named = || NAMES.into_iter().zip(contents);
    let there = named().filter_map(|(name, content)| Some((name, content.as_ref()?.to_string())));
    let broken = named().filter(|(_, content)| **content == Some(BROKEN));
    bundle_with(
        &there.collect::<Vec<_>>(),
        &broken.map(|(name, _)| name).collect::<Vec<_>>(),
    )
}

struct Plane {
    has: BTreeMap<ResourceName, Version>,
    /// What it was to have last and did not take, by name; `None`: it was to be without.
    refused: BTreeMap<ResourceName, Option<Version>>,
    answers: VecDeque<(u64, Answer)>,
    moods: std::iter::Cycle<std::vec::IntoIter<Mood>>,
}

impl Plane {
    /// Takes a message at once; its answer waits.
    fn receive(&mut self, message: Message) {
        let mood = self.moods.next().expect("goes on for ever");
        let rejects = |name: &ResourceName| match mood {
            Mood::Takes => false,
            Mood::Rejects(bits) => {
                let index = NAMES.iter().position(|known| **known == *name.object.name);
                index.is_some_and(|index| bits & (1 << index) != 0)
            }
            Mood::RejectsAll => true,
        };
        let mut reasons = BTreeMap::new();
        for (name, resource) in message.resources {
            // What it did not want to lose is not known to the operator.
            let kept = self.refused.get(&name) == Some(&None);
            let may_replace = resource.rank == Rank::Replaces || kept;
            let good = self.has.get(&name).is_some_and(|version| !version.stands_in());
            assert!(may_replace || !good, "{name} was good");
            if rejects(&name) {
                reasons.insert(name.clone(), "no".to_owned());
                self.refused.insert(name, Some(resource.version));
            } else {
                self.refused.remove(&name);
                self.has.insert(name, resource.version);
            }
        }
        for name in message.removed {
            if matches!(mood, Mood::RejectsAll) {
                self.refused.insert(name, None);
            } else {
                self.refused.remove(&name);
                self.has.remove(&name);
            }
        }
        let answer = match mood {
            Mood::Takes => Answer::Taken,
            Mood::Rejects(_) => Answer::Rejected(reasons),
            Mood::RejectsAll => Answer::AllRejected("no".to_owned()),
        };
        self.answers.push_back((message.nonce, answer));
    }
}

/// Both ends.
struct Conversation {
    session: Session,
    plane: Plane,
    bundle: Bundle,
    member: Membership,
}

impl Conversation {
    fn update(&mut self) -> Result<usize, TestCaseError> {
        let waiting = self.plane.answers.len();
        let messages = self.session.update(&self.bundle);
        let count = messages.len();
        prop_assert!(count == 0 || waiting < MOST_UNANSWERED);
        for message in messages {
            self.plane.receive(message);
        }
        Ok(count)
    }

    fn answer(&mut self, index: usize) {
        if let Some((nonce, answer)) = self.plane.answers.remove(index) {
            let news = self.session.answer(nonce, answer).expect("was sent");
            self.member.heard(news);
        }
    }

    /// Everything is answered, and answered again until nothing is sent any more.
    fn settle(&mut self, any_order: bool) -> Result<(), TestCaseError> {
        for _ in 0..3 {
            while let Some(last) = self.plane.answers.len().checked_sub(1) {
                self.answer(if any_order { last } else { 0 });
            }
            if self.update()? == 0 {
                return Ok(());
            }
        }
        Err(TestCaseError::fail("it goes on for ever"))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn ends_with_the_bundle_minus_what_it_rejected(
        held in prop::array::uniform5(prop::option::of(0..4_u8)),
        events in prop::collection::vec(event(), 0..200),
        moods in prop::collection::vec(mood(), 1..20),
        any_order in any::<bool>(),
    ) {
        let has = versions(&of(&held));
        let fleet = Fleet::default();
        let mut conversation = Conversation {
            session: Session::new(has.clone()),
            member: fleet.join("plane", has.clone()),
            plane: Plane { has, refused: BTreeMap::new(), answers: VecDeque::new(), moods: moods.into_iter().cycle() },
            bundle: Bundle::default(),
        };
        conversation.update()?;
        for event in events {
            match event {
                Event::Change(contents) => conversation.bundle = of(&contents),
                Event::Answer(index) if !conversation.plane.answers.is_empty() => {
                    let index = if any_order { index.index(conversation.plane.answers.len()) } else { 0 };
                    conversation.answer(index);
                }
                Event::Answer(_) => {}
            }
            conversation.update()?;
        }
        conversation.settle(any_order)?;

        let Conversation { plane, bundle, member, .. } = conversation;
        for name in NAMES.map(name) {
            let resource = bundle.get(&name);
            let should = resource.map(|resource| &resource.version);
            let has = plane.has.get(&name);
            let refused = plane.refused.get(&name).map(Option::as_ref);
            let stands_in = resource.is_some_and(|resource| resource.rank == Rank::StandsIn);
            let keeps = stands_in && (has.is_some() || refused.is_some());
            let ends_well = has == should || refused == Some(should) || keeps;
            prop_assert!(ends_well, "{name}: {has:?} instead of {should:?}");
            // Over gRPC answers come in order.
            if !any_order {
                let tally = fleet.tally(&name, should);
                prop_assert_eq!((tally.planes, tally.acknowledged), (1, usize::from(has == should)));
                let rejected = should.is_some() && refused == Some(should);
                prop_assert_eq!(tally.rejected.is_some(), rejected);
            }
        }
        drop(member);
    }
}
