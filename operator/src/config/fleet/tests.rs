use wayleave_core::resource::ResourceKind;
use wayleave_core::snapshot::ObjectName;

use super::*;

fn name(object: &str) -> ResourceName {
    ResourceName::new(ResourceKind::Route, ObjectName::new("a", object))
}

fn version(text: &str) -> Version {
    Version::told(text)
}

/// A data plane that has `it` in this version, and others.
fn having(text: &str) -> BTreeMap<ResourceName, Version> {
    BTreeMap::from([(name("it"), version(text)), (name("other"), version("1"))])
}

fn taken(text: &str, complete: bool) -> News {
    News {
        taken: vec![(name("it"), version(text))],
        complete,
        ..News::default()
    }
}

fn rejected(text: &str, reason: &str) -> News {
    News {
        rejected: vec![(name("it"), version(text), reason.to_owned())],
        complete: true,
        ..News::default()
    }
}

/// Data planes that serve, and those of them that have acknowledged.
fn counts(fleet: &Fleet, version: Option<&str>) -> (usize, usize) {
    let version = version.map(self::version);
    let tally = fleet.tally(&name("it"), version.as_ref());
    (tally.planes, tally.acknowledged)
}

#[test]
fn one_that_is_still_starting_holds_up_nothing() {
    let fleet = Fleet::default();
    let running = fleet.join("running", having("2"));
    let starting = fleet.join("starting", BTreeMap::new());
    assert_eq!((fleet.size(), counts(&fleet, Some("2"))), ((2, 1), (1, 1)));
    starting.heard(News {
        taken: vec![(name("other"), version("1"))],
        ..News::default()
    });
    assert_eq!((fleet.size(), counts(&fleet, Some("2"))), ((2, 1), (1, 1)));
    starting.heard(taken("1", true));
    assert_eq!((fleet.size(), counts(&fleet, Some("2"))), ((2, 2), (2, 1)));
    // Once it serves it goes on to, whatever comes in parts.
    starting.heard(taken("2", false));
    assert_eq!(counts(&fleet, Some("2")), (2, 2));
    drop((running, starting));
    assert_eq!((fleet.size(), counts(&fleet, Some("2"))), ((0, 0), (0, 0)));
}

#[test]
fn one_that_rejects_everything_serves_all_the_same() {
    let fleet = Fleet::default();
    let plane = fleet.join("plane", BTreeMap::new());
    plane.heard(rejected("1", "no"));
    let tally = fleet.tally(&name("it"), Some(&version("1")));
    assert_eq!((tally.planes, tally.acknowledged), (1, 0));
    assert_eq!(tally.rejected, Some((Arc::from("plane"), Arc::from("no"))));
}

#[test]
fn a_new_leader_learns_what_is_acknowledged() {
    let fleet = Fleet::default();
    let _planes = ["a", "b"].map(|node| fleet.join(node, having("2")));
    let _behind = fleet.join("c", having("1"));
    assert_eq!(counts(&fleet, Some("2")), (3, 2));
    assert_eq!(counts(&fleet, Some("1")), (3, 1));
    assert_eq!(counts(&fleet, Some("3")), (3, 0));
}

#[test]
fn of_two_connections_of_a_node_the_new_one_counts() {
    for new_leaves_first in [false, true] {
        let fleet = Fleet::default();
        let old = fleet.join("node", having("1"));
        let new = fleet.join("node", having("2"));
        assert_eq!(fleet.size(), (1, 1));
        old.heard(taken("1", true));
        old.heard(rejected("2", "late"));
        let tally = fleet.tally(&name("it"), Some(&version("2")));
        assert_eq!((tally.planes, tally.acknowledged, tally.rejected), (1, 1, None));
        if new_leaves_first {
            drop(new);
            // The old one does not come back: nobody knows what it has.
            assert_eq!(fleet.size(), (0, 0));
            old.heard(taken("2", true));
            drop(old);
            assert_eq!(fleet.size(), (0, 0));
        } else {
            drop(old);
            assert_eq!((fleet.size(), counts(&fleet, Some("2"))), ((1, 1), (1, 1)));
            new.heard(taken("3", true));
            assert_eq!(counts(&fleet, Some("3")), (1, 1));
        }
    }
}

#[test]
fn a_rejection_names_the_first_node_and_ends_with_the_version() {
    let fleet = Fleet::default();
    let [a, b, c] = ["a", "b", "c"].map(|node| fleet.join(node, having("1")));
    c.heard(rejected("2", "c does not"));
    b.heard(rejected("2", "b does not"));
    a.heard(taken("2", true));
    let of = |text| fleet.tally(&name("it"), Some(&version(text)));
    let expected = Tally {
        planes: 3,
        acknowledged: 1,
        rejected: Some((Arc::from("b"), Arc::from("b does not"))),
        notice: None,
    };
    assert_eq!(of("2"), expected);
    // What it had before stays.
    assert_eq!(
        of("1"),
        Tally {
            acknowledged: 2,
            rejected: None,
            ..expected.clone()
        }
    );
    assert_eq!(fleet.tally(&name("other"), Some(&version("1"))).rejected, None);

    b.heard(taken("2", true));
    assert_eq!(of("2").rejected, Some((Arc::from("c"), Arc::from("c does not"))));
    drop(c);
    assert_eq!(
        of("2"),
        Tally {
            planes: 2,
            acknowledged: 2,
            rejected: None,
            notice: None
        }
    );
}

#[test]
fn a_notice_names_the_first_node_until_it_is_taken_back() {
    let fleet = Fleet::default();
    let [a, b, starting] = [("a", "1"), ("b", "1"), ("0", "")].map(|(node, has)| match has {
        "" => fleet.join(node, BTreeMap::new()),
        has => fleet.join(node, having(has)),
    });
    let of = |object| fleet.tally(&name(object), Some(&version("1"))).notice;
    let notices = || Notices::from([(name("it"), Notice::NoVectorSearch)]);
    assert_eq!(of("it"), None);
    for plane in [&b, &a, &starting] {
        plane.noticed(notices());
    }
    assert_eq!(of("it"), Some((Arc::from("a"), Notice::NoVectorSearch)));
    assert_eq!(of("other"), None);
    a.noticed(Notices::new());
    assert_eq!(of("it"), Some((Arc::from("b"), Notice::NoVectorSearch)));
    // An earlier connection of the same node no longer counts.
    let again = fleet.join("b", having("1"));
    b.noticed(notices());
    assert_eq!(of("it"), None);
    again.noticed(notices());
    drop(again);
    assert_eq!(of("it"), None);
}

/// Of a rule of `it`.
fn report(rule: usize, calls: u64) -> Report {
    let interval = serde_json::json!({"count": 0, "mean": null, "lower": 0.0, "upper": 1.0});
    let all = serde_json::json!({
        "calls": calls, "failed": 0, "score": interval, "cost_per_call": null, "first_content_ms": null
    });
    serde_json::from_value(serde_json::json!({
        "route": "a/it", "rule": rule, "experiment": "a/it/01", "mode": "Split", "promote": "Manual", "confidence": 0.95,
        "verdict": "undecided", "winner": null, "judge": null,
        "arms": [{
            "name": "old", "provider": "a/openai", "model": "m", "weight": 1, "decision": null, "difference": null,
            "failed": interval, "all": all, "classes": {}
        }]
    }))
    .expect("a report")
}

/// The calls of each rule's experiment.
fn experiments(fleet: &Fleet, text: &str) -> Vec<(usize, u64)> {
    let reports = fleet.experiments(&name("it"), Some(&version(text)));
    let shown = reports
        .iter()
        .map(|report| (report.rule, report.arms[0].all.calls));
    shown.collect()
}

#[test]
fn of_each_experiment_counts_what_the_data_plane_with_the_most_calls_tells() {
    let fleet = Fleet::default();
    let [a, b, starting] = [("a", "1"), ("b", "1"), ("0", "")].map(|(node, has)| match has {
        "" => fleet.join(node, BTreeMap::new()),
        has => fleet.join(node, having(has)),
    });
    assert_eq!(experiments(&fleet, "1"), []);
    a.experimented(vec![report(1, 5), report(0, 3)]);
    b.experimented(vec![report(0, 4), report(1, 2)]);
    starting.experimented(vec![report(0, 99)]);
    assert_eq!(experiments(&fleet, "1"), [(0, 4), (1, 5)]);
    assert_eq!(experiments(&fleet, "2"), [], "nobody has it");
    assert!(fleet.experiments(&name("other"), Some(&version("1"))).is_empty());
    // What is told takes the place of what was told, until the data plane has gone.
    a.experimented(vec![report(0, 6)]);
    assert_eq!(experiments(&fleet, "1"), [(0, 6), (1, 2)]);
    drop(b);
    assert_eq!(experiments(&fleet, "1"), [(0, 6)]);
}

#[test]
fn what_was_told_of_a_route_goes_with_its_version() {
    let fleet = Fleet::default();
    let plane = fleet.join("a", having("1"));
    plane.experimented(vec![report(0, 3)]);
    // Another object of the same name.
    let key = ResourceName::new(ResourceKind::Provider, ObjectName::new("a", "it"));
    plane.heard(News {
        taken: vec![(key, version("7"))],
        ..News::default()
    });
    assert_eq!(experiments(&fleet, "1"), [(0, 3)]);
    plane.heard(taken("2", true));
    assert_eq!(experiments(&fleet, "2"), []);
    plane.experimented(vec![report(0, 4)]);
    assert_eq!(experiments(&fleet, "2"), [(0, 4)]);
    plane.heard(News {
        removed: vec![name("it")],
        ..News::default()
    });
    assert!(fleet.experiments(&name("it"), None).is_empty());
}

#[test]
fn a_removal_is_acknowledged_by_those_that_do_not_have_it() {
    let fleet = Fleet::default();
    let [one, other] = ["one", "other"].map(|node| fleet.join(node, having("1")));
    let removed = || News {
        removed: vec![name("it")],
        complete: true,
        ..News::default()
    };
    assert_eq!(counts(&fleet, None), (2, 0));
    one.heard(removed());
    assert_eq!(counts(&fleet, None), (2, 1));
    other.heard(rejected("2", "no"));
    other.heard(removed());
    let tally = fleet.tally(&name("it"), None);
    assert_eq!(
        tally,
        Tally {
            planes: 2,
            acknowledged: 2,
            rejected: None,
            notice: None
        }
    );
    assert_eq!(fleet.tally(&name("it"), Some(&version("2"))).rejected, None);
}

#[test]
fn every_change_is_told() {
    let fleet = Fleet::default();
    let mut changes = fleet.clone().changes();
    let mut told = || {
        let changed = changes.has_changed().expect("the fleet is there");
        changes.mark_unchanged();
        changed
    };
    assert!(!told());
    let old = fleet.join("node", BTreeMap::new());
    assert!(told());
    old.heard(taken("1", true));
    assert!(told());
    let new = fleet.join("node", having("1"));
    assert!(told());
    old.heard(taken("2", true));
    assert!(!told(), "an old connection has nothing to tell");
    drop(new);
    assert!(told());
}
