use wayleave_core::experiment::{Arm, Terms, Verdict};

use super::arms::{Kind, at_most, experiments, run};

fn wrong(kind: Kind, terms: &Terms, most: u32) -> (u32, u32) {
    let ends = (0..experiments()).map(|seed| run(kind, terms, 0.0, most, seed).verdict);
    ends.fold((0, 0), |(promoted, rolled), verdict| match verdict {
        Verdict::Promote(_) => (promoted + 1, rolled),
        Verdict::RollBack(..) => (promoted, rolled + 1),
        Verdict::Undecided | Verdict::Ended => (promoted, rolled),
    })
}

#[test]
fn equal_arms_are_seldom_told_apart_however_often_one_looks() {
    let mut uneven = Terms::equal("old", "new");
    uneven.arms[0].weight = 9;
    let mut four = Terms::equal("old", "new");
    for name in ["newer", "newest"] {
        four.arms.push(Arm {
            name: name.into(),
            weight: 1,
        });
    }
    let equal = Terms::equal("old", "new");
    for (name, kind, terms, most) in [
        ("equal", Kind::Binary, &equal, 1000),
        ("equal", Kind::Steady, &equal, 1000),
        ("equal", Kind::Scattered, &equal, 1000),
        ("equal", Kind::Pairs, &equal, 1500),
        ("nine to one", Kind::Binary, &uneven, 150),
        ("four arms", Kind::Binary, &four, 300),
        ("four arms", Kind::Pairs, &four, 1500),
    ] {
        let (promoted, rolled) = wrong(kind, terms, most);
        println!(
            "{name}, {}: {promoted} promoted, {rolled} rolled back of {}",
            kind.name(),
            experiments()
        );
        assert!(
            f64::from(promoted) <= at_most(0.025, experiments()),
            "{name}, {kind:?}: {promoted} promoted"
        );
        assert!(
            f64::from(promoted + rolled) <= at_most(0.05, experiments()),
            "{name}, {kind:?}: {rolled} rolled back"
        );
    }
}

#[test]
fn a_worse_arm_is_not_promoted_and_goes() {
    for kind in Kind::ALL {
        let ends = (0..50).map(|seed| run(kind, &Terms::equal("old", "new"), -0.2, 1500, seed).verdict);
        let rolled = ends
            .filter(|verdict| matches!(verdict, Verdict::RollBack(..)))
            .count();
        assert!(rolled >= 48, "{kind:?}: {rolled} of 50");
    }
}
