use std::collections::{BTreeMap, BTreeSet};

mod picks;

use super::samples::wanted;
use super::*;
use crate::snapshot::samples::{broken_provider, pick, provider, race, serving, target, team};
use crate::snapshot::{Pick, Provider, Step};
use crate::table::Table;

/// What is out: a provider, or one credential of it.
#[derive(Default)]
struct Out(BTreeSet<(&'static str, Option<KeyChoice>)>);

impl Out {
    fn providers(names: &[&'static str]) -> Self {
        Self(names.iter().map(|name| (*name, None)).collect())
    }
}

impl World for Out {
    fn known(&self, _: &ObjectName, _: &str) -> Known {
        Known::default()
    }
}

impl Availability for Out {
    fn admits(&self, provider: &ObjectName, _: &Endpoint, key: KeyChoice, _: &str) -> bool {
        let hit = |(name, of): &(&'static str, Option<KeyChoice>)| {
            *name == &*provider.name && of.is_none_or(|of| of == key)
        };
        !self.0.iter().any(hit)
    }
}

fn providers(names: &[&str]) -> Vec<Provider> {
    names.iter().map(|name| provider(name, &[])).collect()
}

fn weighted_step(targets: &[(&str, u32)]) -> Step {
    Step::Pick {
        pick: Pick::Weighted,
        targets: targets
            .iter()
            .map(|(name, weight)| target(name, *weight))
            .collect(),
    }
}

struct Planner {
    rule: Arc<ActiveRule>,
    rng: fastrand::Rng,
}

impl Planner {
    fn new(providers: Vec<Provider>, steps: Vec<Step>) -> Self {
        let table = Table::build(serving(providers, steps));
        let rules = table.route("chat").expect("found").rules.as_ref().expect("whole");
        Self {
            rule: Arc::clone(&rules[0]),
            rng: fastrand::Rng::with_seed(7),
        }
    }

    fn plan(&mut self, out: &Out) -> Plan {
        plan(&wanted(&self.rule, "chat"), out, &mut self.rng)
    }
}

fn names(step: &PlannedStep) -> Vec<&str> {
    step.lanes()
        .iter()
        .map(|lane| &*lane.target.provider.name)
        .collect()
}

/// How often each comes first in `of` draws.
fn first_of<'n>(draws: impl Iterator<Item = &'n str>) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for name in draws {
        *counts.entry(name.to_owned()).or_insert(0) += 1;
    }
    counts
}

/// Within four standard deviations of a binomial's mean: a sound draw fails once in 15,000 runs, and the seed is fixed.
fn near(count: u32, of: u32, share: f64) -> bool {
    let of = f64::from(of);
    (f64::from(count) - of * share).abs() <= 4.0 * (of * share * (1.0 - share)).sqrt()
}

#[test]
fn shares_follow_the_weights() {
    let step = weighted_step(&[("a", 7), ("b", 2), ("c", 1)]);
    let mut planner = Planner::new(providers(&["a", "b", "c"]), vec![step]);
    let plans: Vec<Plan> = (0..10_000).map(|_| planner.plan(&Out::default())).collect();
    let firsts = first_of(plans.iter().map(|plan| names(&plan.steps[0])[0]));
    for (name, share) in [("a", 0.7), ("b", 0.2), ("c", 0.1)] {
        assert!(near(firsts[name], 10_000, share), "{name}: {firsts:?}");
    }
    // Where a is first, the others share the second place by their own weights.
    let seconds = plans
        .iter()
        .map(|plan| names(&plan.steps[0]))
        .filter(|order| order[0] == "a");
    let seconds = first_of(seconds.map(|order| order[1]));
    assert!(near(seconds["b"], firsts["a"], 2.0 / 3.0), "{seconds:?}");
}

#[test]
fn every_target_stands_in_once_and_weight_0_stands_last() {
    let step = weighted_step(&[("spare1", 0), ("a", 3), ("spare2", 0), ("b", 1)]);
    let mut planner = Planner::new(providers(&["a", "b", "spare1", "spare2"]), vec![step]);
    for _ in 0..200 {
        let plan = planner.plan(&Out::default());
        let order = names(&plan.steps[0]);
        assert_eq!(order[2..], ["spare1", "spare2"], "{order:?}");
        assert!(order[..2] == ["a", "b"] || order[..2] == ["b", "a"], "{order:?}");
    }
}

#[test]
fn weights_at_their_largest_do_not_overflow() {
    let step = weighted_step(&[("a", u32::MAX), ("b", u32::MAX), ("c", u32::MAX)]);
    let mut planner = Planner::new(providers(&["a", "b", "c"]), vec![step]);
    let firsts: BTreeSet<String> = (0..100)
        .map(|_| names(&planner.plan(&Out::default()).steps[0])[0].to_owned())
        .collect();
    assert_eq!(firsts.len(), 3);
}

#[test]
fn credentials_are_drawn_by_weight_and_all_stand_by() {
    let keyed = provider("p", &[("main", 9), ("second", 1), ("spare", 0)]);
    let mut planner = Planner::new(vec![keyed], vec![pick(&["p"])]);
    let mut first_is_main = 0;
    for _ in 0..10_000 {
        let keys = planner.plan(&Out::default()).steps[0].lanes()[0].keys.clone();
        assert_eq!(keys.len(), 3);
        assert_eq!(keys[2], KeyChoice::Key(2), "weight 0 is last");
        first_is_main += u32::from(keys[0] == KeyChoice::Key(0));
    }
    assert!(near(first_is_main, 10_000, 0.9), "{first_is_main}");
}

#[test]
fn without_credentials_a_lane_is_keyless() {
    let plan = Planner::new(providers(&["p"]), vec![pick(&["p"])]).plan(&Out::default());
    assert_eq!(plan.steps[0].lanes()[0].keys, [KeyChoice::Keyless]);
}

#[test]
fn a_target_without_a_model_asks_for_the_clients() {
    let mut open = target("p", 1);
    open.model = None;
    let step = Step::Pick {
        pick: Pick::Weighted,
        targets: vec![open],
    };
    let plan = Planner::new(providers(&["p"]), vec![step]).plan(&Out::default());
    assert_eq!(&*plan.steps[0].lanes()[0].model, "chat");
}

#[test]
fn what_is_out_is_left_aside() {
    let keyed = provider("keyed", &[("bad", 1), ("good", 1)]);
    let mut all = providers(&["a", "b"]);
    all.push(keyed);
    let mut planner = Planner::new(all, vec![pick(&["a"]), pick(&["b", "keyed"])]);
    let mut out = Out::providers(&["a", "b"]);
    out.0.insert(("keyed", Some(KeyChoice::Key(0))));
    let plan = planner.plan(&out);
    assert!(!plan.panic);
    assert_eq!(
        plan.steps.len(),
        1,
        "a step whose targets are all out is not in it"
    );
    assert_eq!(names(&plan.steps[0]), ["keyed"]);
    assert_eq!(plan.steps[0].lanes()[0].keys, [KeyChoice::Key(1)]);
}

#[test]
fn when_all_are_out_all_are_tried() {
    let mut all = vec![provider("keyed", &[("one", 1), ("two", 1)])];
    all.extend(providers(&["a"]));
    let mut planner = Planner::new(all, vec![pick(&["a"]), pick(&["keyed"])]);
    let plan = planner.plan(&Out::providers(&["a", "keyed"]));
    assert!(plan.panic);
    assert_eq!(plan.steps.len(), 2);
    assert_eq!(plan.steps[1].lanes()[0].keys.len(), 2);
}

#[test]
fn what_cannot_be_used_is_listed_with_its_reason_and_never_tried() {
    let mut all = providers(&["a"]);
    all.push(broken_provider("broken", "no Secret"));
    let mut planner = Planner::new(all, vec![race(&["broken", "a"]), pick(&["missing"])]);
    let plan = planner.plan(&Out::default());
    assert_eq!(names(&plan.steps[0]), ["a"]);
    assert_eq!(plan.steps.len(), 1);
    assert_eq!(plan.passed_over[0].provider, team("broken"));
    let reason =
        |passed: &PassedOver| matches!(&passed.why, Why::Unusable(reason) if reason.contains("no Secret"));
    assert!(reason(&plan.passed_over[0]), "{:?}", plan.passed_over);
    let missing =
        matches!(&plan.passed_over[1].why, Why::Unusable(reason) if reason.contains("team/missing"));
    assert!(missing, "{:?}", plan.passed_over);
}

#[test]
fn with_nothing_usable_there_is_nothing_to_panic_about() {
    let broken = vec![broken_provider("a", "no Secret")];
    let plan = Planner::new(broken, vec![pick(&["a"])]).plan(&Out::default());
    assert!(plan.steps.is_empty() && !plan.panic);
    assert_eq!(plan.passed_over.len(), 1);
}

#[test]
fn lanes_of_a_race_keep_their_order_and_its_terms() {
    let mut planner = Planner::new(providers(&["c", "a", "b"]), vec![race(&["c", "a", "b"])]);
    for _ in 0..20 {
        let plan = planner.plan(&Out::providers(&["a"]));
        assert!(matches!(&plan.steps[0], PlannedStep::Race { .. }));
        assert_eq!(names(&plan.steps[0]), ["c", "b"]);
    }
}
