//! What each pick makes of what is known.

use std::cell::RefCell;
use std::time::Duration;

use super::*;
use crate::capability::{Capability, CapabilityRow};
use crate::money::Ticks;
use crate::price::{ModelGlob, Overlay, OverlayPrice, Ratio};
use crate::snapshot::{Access, StickyBy};

/// A world in which this is known of each provider.
#[derive(Default)]
struct Told {
    known: RefCell<BTreeMap<String, Known>>,
    out: Out,
}

impl Told {
    fn of<const N: usize>(known: [(&str, Known); N]) -> Self {
        let known = known.into_iter().map(|(name, known)| (name.to_owned(), known));
        Self {
            known: RefCell::new(known.collect()),
            out: Out::default(),
        }
    }
}

impl Availability for Told {
    fn admits(&self, provider: &ObjectName, endpoint: &Endpoint, key: KeyChoice, model: &str) -> bool {
        self.out.admits(provider, endpoint, key, model)
    }
}

impl World for Told {
    fn known(&self, provider: &ObjectName, _: &str) -> Known {
        self.known
            .borrow()
            .get(&*provider.name)
            .copied()
            .unwrap_or_default()
    }
}

/// A provider whose million tokens cost so many dollars, in and out; `None`: nobody has a price.
fn priced(name: &str, price: Option<(i64, i64)>) -> Provider {
    let dollars = |dollars: i64| Ticks::new(dollars * 10_000_000_000);
    changed(provider(name, &[]), |endpoint| {
        let prices = price.map(|(input, output)| OverlayPrice {
            model: ModelGlob::from("*"),
            input_per_million: dollars(input),
            output_per_million: dollars(output),
            cache_read_per_million: Some(Ticks::new(dollars(input).get() / 10)),
            cache_write_per_million: None,
        });
        endpoint.prices = Overlay {
            prices: prices.into_iter().collect(),
            ..Overlay::default()
        };
    })
}

fn changed(provider: Provider, change: impl FnOnce(&mut Endpoint)) -> Provider {
    let Access::Ready(endpoint) = &provider.access else {
        panic!("a provider that is ready")
    };
    let mut endpoint = (**endpoint).clone();
    change(&mut endpoint);
    Provider {
        access: Access::Ready(Arc::new(endpoint)),
        ..provider
    }
}

fn step_by(pick: Pick, names: &[&str]) -> Step {
    Step::Pick {
        pick,
        targets: names.iter().map(|name| target(name, 1)).collect(),
    }
}

fn tokens(input_tokens: u64) -> Needs {
    Needs {
        input_tokens,
        ..Needs::default()
    }
}

impl Planner {
    fn plan_for(&mut self, needs: Needs, world: &impl World) -> Plan {
        let wanted = Wanted {
            needs,
            ..wanted(&self.rule, "chat")
        };
        plan(&wanted, world, &mut self.rng)
    }

    fn limited(mut self, max_cost: Ticks) -> Self {
        let rule = Arc::get_mut(&mut self.rule).expect("the only owner");
        rule.max_cost = Some(max_cost);
        self
    }
}

fn cheapest_of(providers: Vec<Provider>) -> Planner {
    let names: Vec<String> = providers
        .iter()
        .map(|provider| provider.name.name.to_string())
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Planner::new(providers, vec![step_by(Pick::Cheapest, &names)])
}

#[test]
fn cheapest_is_by_the_expected_cost_of_this_call() {
    // Cheap input against cheap output.
    let mut planner = cheapest_of(vec![
        priced("unpriced", None),
        priced("in", Some((1, 20))),
        priced("out", Some((5, 5))),
    ]);
    let chatty = |output| Known {
        output: Output::Measured(output),
        ..Known::default()
    };
    let long_answers = Told::of([("in", chatty(2000)), ("out", chatty(2000))]);
    let plan = planner.plan_for(tokens(100), &long_answers);
    assert_eq!(names(&plan.steps[0]), ["out", "in", "unpriced"]);
    let short_answers = Told::of([("in", chatty(10)), ("out", chatty(10))]);
    let plan = planner.plan_for(tokens(10_000), &short_answers);
    assert_eq!(names(&plan.steps[0]), ["in", "out", "unpriced"]);
    // 10,000 tokens at 1 dollar and 10 at 20 dollars a million.
    assert_eq!(
        plan.steps[0].lanes()[0].expected,
        Some(Ticks::new(100_000_000 + 2_000_000))
    );
}

#[test]
fn a_warm_prompt_cache_makes_the_dear_one_cheap() {
    let mut planner = cheapest_of(vec![priced("dear", Some((4, 5))), priced("cheap", Some((3, 5)))]);
    let cold = planner.plan_for(tokens(10_000), &Told::default());
    assert_eq!(names(&cold.steps[0]), ["cheap", "dear"]);
    let warm = Known {
        cached: 9_000,
        ..Known::default()
    };
    let plan = planner.plan_for(tokens(10_000), &Told::of([("dear", warm)]));
    assert_eq!(names(&plan.steps[0]), ["dear", "cheap"]);
}

#[test]
fn the_limit_of_a_call_is_hard() {
    let providers = || {
        vec![
            priced("cheap", Some((1, 1))),
            priced("dear", Some((50, 50))),
            priced("unpriced", None),
        ]
    };
    let limit = Ticks::new(100_000_000);
    let steps = vec![weighted_step(&[("cheap", 1), ("dear", 8), ("unpriced", 1)])];
    let mut planner = Planner::new(providers(), steps).limited(limit);
    let plan = planner.plan_for(tokens(1000), &Told::default());
    assert_eq!(names(&plan.steps[0]), ["cheap"]);
    assert_eq!(plan.too_dear(), None, "one is left");
    let out = Told {
        out: Out::providers(&["cheap"]),
        ..Told::default()
    };
    let plan = planner.plan_for(tokens(1000), &out);
    assert_eq!(
        names(&plan.steps[0]),
        ["cheap"],
        "what is out is tried before what is too dear"
    );
    let plan = planner.plan_for(tokens(1_000_000), &Told::default());
    assert!(plan.steps.is_empty());
    let dear = plan.too_dear().expect("all are too dear");
    assert_eq!(dear.limit, limit);
    assert!(dear.expected.expect("the least has a price") > limit);
}

#[test]
fn what_cannot_serve_the_request_is_passed_over() {
    let blind = changed(provider("blind", &[]), |endpoint| {
        endpoint.capabilities = vec![CapabilityRow {
            model: ModelGlob::from("*"),
            context_window: Some(1000),
            lacks: [Capability::Images].into(),
        }];
    });
    let mut planner = Planner::new(
        vec![blind, provider("able", &[])],
        vec![pick(&["blind"]), pick(&["able"])],
    );
    let images = Needs {
        abilities: [Capability::Images].into(),
        ..Needs::default()
    };
    for needs in [images.clone(), tokens(1001)] {
        let plan = planner.plan_for(needs, &Told::default());
        assert_eq!(names(&plan.steps[0]), ["able"]);
        assert!(matches!(plan.passed_over[0].why, Why::Unfit(_)));
    }
    let plan = planner.plan_for(tokens(1000), &Told::default());
    assert_eq!(plan.steps.len(), 2);
    // The provider may know better.
    let alone = changed(provider("able", &[]), |endpoint| {
        endpoint.capabilities = vec![CapabilityRow {
            model: ModelGlob::from("*"),
            context_window: None,
            lacks: [Capability::Images].into(),
        }];
    });
    let mut planner = Planner::new(vec![alone], vec![pick(&["able"])]);
    assert_eq!(planner.plan_for(images, &Told::default()).steps.len(), 1);
}

fn timed(first: u64, per_token: u64) -> Known {
    Known {
        first_content: Some(Duration::from_millis(first)),
        per_token: Some(Duration::from_millis(per_token)),
        output: Output::Measured(500),
        ..Known::default()
    }
}

/// How often each of three comes first in 10,000 calls.
fn firsts(explore: Ratio, world: &Told) -> BTreeMap<String, u32> {
    let all = ["a", "b", "c"];
    let mut planner = Planner::new(providers(&all), vec![step_by(Pick::Fastest { explore }, &all)]);
    let plans: Vec<Plan> = (0..10_000).map(|_| planner.plan_for(tokens(10), world)).collect();
    first_of(plans.iter().map(|plan| names(&plan.steps[0])[0]))
}

#[test]
fn fastest_is_the_better_of_two() {
    // The first content comes sooner at b, the first hundred tokens at a.
    let world = Told::of([("a", timed(300, 2)), ("b", timed(200, 5)), ("c", timed(2000, 1))]);
    let never = Ratio::from_millionths(0);
    let counts = firsts(never, &world);
    assert!(near(counts["a"], 10_000, 2.0 / 3.0), "{counts:?}");
    assert!(!counts.contains_key("c"), "the slowest is better than none");
    let explored = firsts(Ratio::from_millionths(30_000), &world);
    assert!(near(explored["c"], 10_000, 0.01), "{explored:?}");
    world.known.borrow_mut().remove("c");
    let counts = firsts(never, &world);
    assert!(
        near(counts["c"], 10_000, 2.0 / 3.0),
        "what is unknown is tried: {counts:?}"
    );
}

#[test]
fn the_others_stand_in_by_speed() {
    let world = Told::of([("a", timed(300, 2)), ("b", timed(200, 1)), ("c", timed(100, 1))]);
    let explore = Ratio::from_millionths(0);
    let all = ["a", "b", "c"];
    let mut planner = Planner::new(providers(&all), vec![step_by(Pick::Fastest { explore }, &all)]);
    for _ in 0..50 {
        let plan = planner.plan_for(tokens(10), &world);
        let order = names(&plan.steps[0]);
        assert!(order == ["c", "b", "a"] || order == ["b", "c", "a"], "{order:?}");
    }
}

#[test]
fn least_busy_is_by_calls_in_flight() {
    let busy = |in_flight| Known {
        in_flight,
        ..Known::default()
    };
    let all = ["a", "b", "c"];
    let mut planner = Planner::new(providers(&all), vec![step_by(Pick::LeastBusy, &all)]);
    let world = Told::of([("a", busy(3)), ("b", busy(1)), ("c", busy(1))]);
    let plans: Vec<Plan> = (0..10_000)
        .map(|_| planner.plan_for(tokens(10), &world))
        .collect();
    assert!(plans.iter().all(|plan| names(&plan.steps[0])[2] == "a"));
    let counts = first_of(plans.iter().map(|plan| names(&plan.steps[0])[0]));
    assert!(near(counts["b"], 10_000, 0.5), "{counts:?}");
}

/// What comes first for each of 10,000 users.
fn sticky(all: &[(&str, u32)]) -> Vec<String> {
    let names_of: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    let step = Step::Pick {
        pick: Pick::Sticky(StickyBy::Metadata("user".into())),
        targets: all.iter().map(|(name, weight)| target(name, *weight)).collect(),
    };
    let mut planner = Planner::new(providers(&names_of), vec![step]);
    let rule = Arc::clone(&planner.rule);
    let mut first = |user: u32| {
        let metadata = BTreeMap::from([("user".to_owned(), format!("user-{user}"))]);
        let wanted = Wanted {
            metadata: &metadata,
            ..wanted(&rule, "chat")
        };
        let plan = plan(&wanted, &Out::default(), &mut planner.rng);
        names(&plan.steps[0])[0].to_owned()
    };
    (0..10_000).map(&mut first).collect()
}

#[test]
fn sticky_is_by_weight_and_moves_only_what_it_must() {
    let before = sticky(&[("a", 7), ("b", 2), ("c", 1), ("spare", 0)]);
    assert_eq!(before, sticky(&[("a", 7), ("b", 2), ("c", 1), ("spare", 0)]));
    let counts = first_of(before.iter().map(String::as_str));
    for (name, share) in [("a", 0.7), ("b", 0.2), ("c", 0.1)] {
        assert!(near(counts[name], 10_000, share), "{name}: {counts:?}");
    }
    let after = sticky(&[("a", 7), ("b", 2)]);
    let moved = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before != after);
    assert!(
        moved.clone().all(|(before, _)| before == "c"),
        "only what was at c"
    );
    assert!(moved.count() > 0);
}

#[test]
fn without_the_value_a_sticky_pick_is_by_weight() {
    let step = step_by(Pick::Sticky(StickyBy::Header("x-user".into())), &["a", "b"]);
    let mut planner = Planner::new(providers(&["a", "b"]), vec![step]);
    let plans: Vec<Plan> = (0..10_000).map(|_| planner.plan(&Out::default())).collect();
    let counts = first_of(plans.iter().map(|plan| names(&plan.steps[0])[0]));
    assert!(near(counts["a"], 10_000, 0.5), "{counts:?}");
}

#[test]
fn what_might_be_cheaper_is_tried_now_and_then() {
    let alike = |output| Known {
        output: Output::Alike(output),
        ..Known::default()
    };
    let measured = Known {
        output: Output::Measured(400),
        ..Known::default()
    };
    // At a quarter of the tokens b would be cheaper than a, and c would not.
    let world = Told::of([("a", measured), ("b", alike(400)), ("c", alike(400))]);
    let mut planner = cheapest_of(vec![
        priced("a", Some((0, 10))),
        priced("b", Some((0, 20))),
        priced("c", Some((0, 50))),
    ]);
    let plans: Vec<Plan> = (0..10_000)
        .map(|_| planner.plan_for(tokens(10), &world))
        .collect();
    let counts = first_of(plans.iter().map(|plan| names(&plan.steps[0])[0]));
    assert!(near(counts["b"], 10_000, 0.05), "{counts:?}");
    assert!(!counts.contains_key("c"), "{counts:?}");
}
