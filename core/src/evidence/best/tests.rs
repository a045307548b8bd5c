use proptest::prelude::*;

use super::*;

const GOOD: f64 = 0.95;
const BAD: f64 = 0.3;

fn scored(mean: f64, count: u32) -> Mean {
    let mut scores = Mean::default();
    (0..count).for_each(|_| scores.observe(mean));
    scores
}

fn costs(ticks: i64, scores: impl Into<Option<Mean>>) -> Candidate {
    Candidate {
        cost: Some(Ticks::new(ticks)),
        latency: None,
        scores: scores.into(),
    }
}

const fn percent(percent: u32) -> Ratio {
    Ratio::from_millionths(percent * 10_000)
}

fn wish(explore: u32) -> Wish {
    Wish {
        min_score: 0.8,
        optimise: Optimise::Cost,
        explore: percent(explore),
    }
}

fn ordered(candidates: &[Candidate], wish: Wish) -> Vec<(usize, Reason)> {
    let places = order(candidates, wish, &mut fastrand::Rng::with_seed(1));
    places
        .into_iter()
        .map(|place| (place.candidate, place.reason))
        .collect()
}

/// How often of 10,000 calls each candidate came first.
fn firsts(candidates: &[Candidate], wish: Wish) -> Vec<u32> {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut firsts = vec![0; candidates.len()];
    for _ in 0..10_000 {
        firsts[order(candidates, wish, &mut rng)[0].candidate] += 1;
    }
    firsts
}

#[test]
fn the_cheapest_of_the_good_comes_first_and_the_bad_last() {
    let candidates = [
        costs(1, scored(BAD, 100)),
        costs(2, None),
        costs(30, scored(GOOD, 100)),
        costs(9, scored(0.8, 100)),
        costs(20, scored(GOOD, 100)),
    ];
    let expected = [
        (4, Reason::Proven),
        (2, Reason::Proven),
        (1, Reason::Declared),
        (3, Reason::Unproven),
        (0, Reason::BelowMinimum),
    ];
    assert_eq!(ordered(&candidates, wish(0)), expected);
}

#[test]
fn without_evidence_the_declared_order_stands() {
    let candidates = [costs(9, None), costs(1, None), Candidate::default()];
    let indices: Vec<_> = ordered(&candidates, wish(0))
        .into_iter()
        .map(|(index, _)| index)
        .collect();
    assert_eq!(indices, [0, 1, 2]);
}

#[test]
fn where_none_is_good_enough_the_best_comes_first() {
    let candidates = [
        costs(9, scored(0.3, 100)),
        costs(5, scored(0.5, 100)),
        costs(1, scored(0.4, 100)),
    ];
    let indices: Vec<_> = ordered(&candidates, wish(0))
        .into_iter()
        .map(|(index, _)| index)
        .collect();
    assert_eq!(indices, [1, 2, 0]);
}

#[test]
fn a_few_good_scores_prove_nothing() {
    assert_eq!(
        ordered(&[costs(1, scored(GOOD, 5))], wish(0)),
        [(0, Reason::Unproven)]
    );
}

#[test]
fn an_unknown_price_is_never_the_cheapest() {
    let unknown = Candidate {
        cost: None,
        ..costs(0, scored(GOOD, 100))
    };
    let negative = costs(-5, scored(GOOD, 100));
    let dear = costs(1_000_000, scored(GOOD, 100));
    assert_eq!(ordered(&[unknown, negative, dear], wish(100))[0].0, 2);
}

#[test]
fn the_fastest_is_found_likewise() {
    let takes = |millis, scores| Candidate {
        cost: Some(Ticks::new(1)),
        latency: Some(Duration::from_millis(millis)),
        scores: Some(scores),
    };
    let candidates = [
        takes(50, scored(BAD, 100)),
        takes(300, scored(GOOD, 100)),
        takes(200, scored(GOOD, 100)),
        costs(1, scored(GOOD, 100)),
    ];
    let fast = Wish {
        optimise: Optimise::Latency,
        ..wish(0)
    };
    let indices: Vec<_> = ordered(&candidates, fast)
        .into_iter()
        .map(|(index, _)| index)
        .collect();
    assert_eq!(indices, [2, 1, 3, 0]);
}

#[test]
fn exploration_takes_its_share_and_only_what_would_serve() {
    let candidates = [
        costs(10, scored(GOOD, 100)),
        costs(5, None),
        costs(3, None),
        costs(99, None),
        Candidate::default(),
        costs(1, scored(BAD, 100)),
    ];
    let firsts = firsts(&candidates, wish(10));
    assert_eq!(&firsts[3..5], [0, 0], "dearer ones would not serve");
    assert_eq!(firsts[1], 0, "one after the other");
    assert!((800..1000).contains(&firsts[2]), "{firsts:?}");
    assert!((60..140).contains(&firsts[5]), "{firsts:?}");
}

#[test]
fn once_all_is_known_only_a_second_look_is_left() {
    let candidates = [
        costs(10, scored(GOOD, 100)),
        costs(5, scored(0.8, 300)),
        costs(1, scored(BAD, 100)),
        costs(11, scored(GOOD, 100)),
    ];
    let firsts = firsts(&candidates, wish(10));
    assert_eq!(firsts[3], 0);
    assert!((60..140).contains(&(firsts[1] + firsts[2])), "{firsts:?}");
    assert!(firsts[1] > 20 && firsts[2] > 20, "{firsts:?}");
}

#[test]
fn the_one_explored_says_so() {
    let candidates = [costs(10, scored(GOOD, 100)), costs(5, None)];
    let expected = [(1, Reason::Exploring), (0, Reason::Proven)];
    assert_eq!(ordered(&candidates, wish(100)), expected);
}

#[test]
fn the_evidence_is_that_of_the_decision() {
    for (mean, count) in [
        (0.9, 20),
        (0.9, 200),
        (0.82, 50),
        (0.82, 2000),
        (0.5, 30),
        (0.79, 100),
    ] {
        let candidate = costs(1, scored(mean, count));
        let Interval { lower, upper, .. } = candidate.evidence();
        let expected = if lower > 0.8 {
            Reason::Proven
        } else if upper < 0.8 {
            Reason::BelowMinimum
        } else {
            Reason::Unproven
        };
        assert_eq!(candidate.reason(0.8), expected, "{mean} {count}: {lower} {upper}");
    }
}

fn candidate() -> impl Strategy<Value = Candidate> {
    let scores = prop::option::of((0.0..=1.0_f64, 0_u32..300));
    (
        prop::option::of(-2_i64..100),
        prop::option::of(0_u64..100),
        scores,
    )
        .prop_map(|(cost, millis, scores)| Candidate {
            cost: cost.map(Ticks::new),
            latency: millis.map(Duration::from_millis),
            scores: scores.map(|(mean, count)| scored(mean, count)),
        })
}

proptest! {
    #[test]
    fn each_candidate_has_one_place(
        candidates in prop::collection::vec(candidate(), 0..20),
        explore in 0_u32..=100,
        seed in any::<u64>(),
        min_score in -1.0..2.0_f64,
    ) {
        let wish = Wish { min_score, ..wish(explore) };
        let places = order(&candidates, wish, &mut fastrand::Rng::with_seed(seed));
        let mut indices: Vec<_> = places.iter().map(|place| place.candidate).collect();
        indices.sort_unstable();
        prop_assert_eq!(indices, (0..candidates.len()).collect::<Vec<_>>());
        let rest = places.iter().skip_while(|place| place.reason == Reason::Exploring);
        let group = |reason| match reason {
            Reason::Exploring => 9,
            Reason::Proven => 0,
            Reason::Unproven | Reason::Declared => 1,
            Reason::BelowMinimum => 2,
        };
        prop_assert!(rest.map(|place| group(place.reason)).is_sorted());
    }
}
