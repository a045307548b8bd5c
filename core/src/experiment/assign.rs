//! Who gets which arm, and which calls are judged. By digests, so that it is the same in each replica and after each
//! restart.

use super::terms::Arm;
use crate::digest::Digest;
use crate::lot::Lot;

/// The arm of whoever has this sticky value (a user, a session; else the call's id), by the lots that the arms draw.
/// `None`: none has a weight.
pub fn arm(experiment: &str, sticky: &[u8], arms: &[Arm]) -> Option<usize> {
    let lot = |arm: &Arm| {
        let name = [
            b"arm".as_slice(),
            experiment.as_bytes(),
            sticky,
            arm.name.as_bytes(),
        ];
        Lot::draw(name, arm.weight)
    };
    let drawing = arms.iter().enumerate().filter(|(_, arm)| arm.weight > 0);
    drawing.min_by_key(|(_, arm)| lot(arm)).map(|(index, _)| index)
}

/// Whether a call is among the `share` (0 to 1) of calls that the judge sees. A larger share keeps those of a smaller.
pub fn is_sampled(experiment: &str, call: &str, share: f64) -> bool {
    Digest::of([b"judged".as_slice(), experiment.as_bytes(), call.as_bytes()]).unit() < share
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn arms(weights: &[u32]) -> Vec<Arm> {
        weights
            .iter()
            .enumerate()
            .map(|(index, weight)| Arm {
                name: format!("arm-{index}").into(),
                weight: *weight,
            })
            .collect()
    }

    fn assigned(weights: &[u32], user: u32) -> usize {
        arm("team/try", &user.to_be_bytes(), &arms(weights)).unwrap()
    }

    #[test]
    fn is_the_same_for_ever() {
        let first: Vec<_> = (0..16).map(|user| assigned(&[50, 50], user)).collect();
        assert_eq!(first, [0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0]);
    }

    #[test]
    fn no_weight_is_no_arm() {
        assert_eq!(arm("team/try", b"user", &arms(&[0, 0])), None);
        assert_eq!(arm("team/try", b"user", &[]), None);
        assert!((0..1000).all(|user| assigned(&[3, 0, 1], user) != 1));
    }

    #[test]
    fn experiments_are_independent_of_each_other() {
        let both = arms(&[1, 1]);
        let same = (0..4000_u32)
            .filter(|user| arm("a", &user.to_be_bytes(), &both) == arm("b", &user.to_be_bytes(), &both))
            .count();
        assert!((1850..2150).contains(&same), "{same}");
    }

    #[test]
    fn samples_by_share_and_keeps_the_smaller_in_the_larger() {
        let sampled =
            |share| (0..10_000).filter(move |n| is_sampled("team/try", &format!("call-{n}"), share));
        for (share, least, most) in [
            (0.0, 0, 0),
            (0.02, 150, 250),
            (0.3, 2850, 3150),
            (1.0, 10_000, 10_000),
        ] {
            let count = sampled(share).count();
            assert!((least..=most).contains(&count), "{share}: {count}");
        }
        assert!(sampled(0.02).all(|n| is_sampled("team/try", &format!("call-{n}"), 0.3)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn shares_are_as_the_weights(weights in prop::collection::vec(0_u32..100, 1..5)) {
            let all: u32 = weights.iter().sum();
            prop_assume!(all > 0);
            let mut counts = vec![0_u32; weights.len()];
            (0..4000).for_each(|user| counts[assigned(&weights, user)] += 1);
            for (weight, count) in weights.iter().zip(counts) {
                let share = f64::from(*weight) / f64::from(all);
                let noise = 5.0 * (share * (1.0 - share) * 4000.0).sqrt();
                prop_assert!((f64::from(count) - share * 4000.0).abs() <= noise, "{weights:?}: {weight} has {count}");
            }
        }

        #[test]
        fn changing_a_weight_moves_only_to_or_from_that_arm(
            weights in prop::collection::vec(1_u32..100, 2..5),
            changed in 0_usize..5,
            to in 0_u32..200,
        ) {
            let changed = changed % weights.len();
            let mut new = weights.clone();
            new[changed] = to;
            for user in 0..500 {
                let (was, is) = (assigned(&weights, user), assigned(&new, user));
                prop_assert!(was == is || (to > weights[changed] && is == changed) || (to < weights[changed] && was == changed));
            }
        }
    }
}
