//! The class of the example that is most like a request.

use std::sync::Arc;

use super::{By, Classified};
use crate::price::Ratio;
use crate::table::ActiveTasks;

/// The nearest class, and how far the next one is behind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearest {
    /// The place of the class.
    pub class: usize,
    /// The similarity of its best example, less that of the best example of any other class. Where there is no other, the
    /// similarity itself.
    pub margin: f64,
}

/// From the similarities of examples, each with the place of its class. `None`: there are none.
pub fn nearest(similarities: impl IntoIterator<Item = (usize, f64)>) -> Option<Nearest> {
    let mut best: Option<(usize, f64)> = None;
    let mut second = 0.0_f64;
    for (class, similarity) in similarities {
        match &mut best {
            None => best = Some((class, similarity)),
            Some((nearest, most)) if *nearest == class => *most = most.max(similarity),
            Some((nearest, most)) if similarity > *most => {
                second = *most;
                (*nearest, *most) = (class, similarity);
            }
            Some(_) => second = second.max(similarity),
        }
    }
    best.map(|(class, most)| Nearest {
        class,
        margin: most - second,
    })
}

/// The class that this makes: the nearest, or where its lead is too small the fallback.
pub fn by_nearest(tasks: &ActiveTasks, nearest: Nearest, min_margin: Ratio) -> Classified {
    let sure = nearest.margin * 1e6 + 0.5 >= f64::from(min_margin.millionths());
    let class = tasks.classes.get(nearest.class).filter(|_| sure);
    let (class, by) = match class {
        Some(class) => (&class.spec.name, By::Embedding),
        None => (&tasks.fallback, By::Fallback),
    };
    Classified {
        class: Arc::clone(class),
        margin: Some(nearest.margin),
        by,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_is_to_the_best_of_another_class() {
        for (similarities, class, margin) in [
            (vec![(0, 0.5), (1, 0.75), (1, 0.7)], 1, 0.25),
            (vec![(0, 0.25), (1, 0.5), (0, 0.75)], 0, 0.25),
            (vec![(0, 0.75), (0, 0.7), (1, 0.5), (2, 0.25)], 0, 0.25),
            (vec![(0, 0.5), (0, 0.75), (0, 0.7)], 0, 0.75),
            (vec![(0, 0.5), (1, 0.5)], 0, 0.0),
        ] {
            let found = nearest(similarities.clone()).expect("some");
            assert_eq!(found.class, class, "{similarities:?}");
            assert!((found.margin - margin).abs() < 1e-9, "{similarities:?} {found:?}");
        }
        assert_eq!(nearest([]), None);
    }

    proptest::proptest! {
        #[test]
        fn the_order_of_examples_is_no_matter(mut all in proptest::collection::vec((0_usize..4, 0.0_f64..1.0), 1..20)) {
            let one = nearest(all.clone()).expect("some");
            all.reverse();
            let other = nearest(all).expect("some");
            proptest::prop_assert!((one.margin - other.margin).abs() < 1e-12);
        }
    }
}
