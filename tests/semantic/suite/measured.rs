//! How alike the texts of a pair are, to a model and to the guard.

use wayleave_core::cache::guard;
use wayleave_tests::embeddings::Embeddings;

use super::pairs::Pair;

/// The lowest threshold looked at, the highest, and between two; in hundredths.
pub(crate) const LOWEST: u32 = 80;
pub(crate) const HIGHEST: u32 = 99;

/// A pair, measured.
#[derive(Debug)]
pub(crate) struct Measured {
    pub pair: Pair,
    /// The cosine between the vectors of its texts.
    pub similarity: f64,
    /// Whether the guard lets it pass.
    pub agrees: bool,
}

impl Measured {
    /// Whether the answer to one text would be served to the other.
    pub(crate) fn is_hit(&self, hundredths: u32, guarded: bool) -> bool {
        self.similarity >= f64::from(hundredths) / 100.0 && (self.agrees || !guarded)
    }

    /// How far it is from the nearest threshold.
    pub(crate) fn margin(&self) -> f64 {
        let thresholds = (LOWEST..=HIGHEST).map(|hundredths| f64::from(hundredths) / 100.0);
        thresholds.fold(1.0, |least, threshold| {
            least.min((self.similarity - threshold).abs())
        })
    }
}

pub(crate) async fn measure(embeddings: &Embeddings, pairs: Vec<Pair>) -> Vec<Measured> {
    let texts: Vec<&str> = pairs
        .iter()
        .flat_map(|pair| &pair.texts)
        .map(String::as_str)
        .collect();
    let vectors = embeddings.embed(&texts).await;
    pairs
        .into_iter()
        .zip(vectors.chunks(2))
        .map(|(pair, vectors)| Measured {
            similarity: cosine(&vectors[0], &vectors[1]),
            agrees: guard::agree(&pair.texts[0], &pair.texts[1]),
            pair,
        })
        .collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let product = |a: &[f32], b: &[f32]| -> f64 {
        let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
        products.sum()
    };
    product(a, b) / (product(a, a) * product(b, b)).sqrt()
}

#[test]
fn a_cosine_is_that_of_the_angle() {
    assert!((cosine(&[1.0, 0.0], &[3.0, 0.0]) - 1.0).abs() < 1e-9);
    assert!((cosine(&[1.0, 0.0], &[2.0, 2.0]) - 0.5_f64.sqrt()).abs() < 1e-9);
    assert!(cosine(&[1.0, 0.0], &[0.0, 2.0]).abs() < 1e-9);
}
