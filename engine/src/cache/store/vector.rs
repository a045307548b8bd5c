//! Directions that embeddings point in.

use std::sync::Arc;

/// More than any model in use has.
const MOST_DIMENSIONS: usize = 16_384;

/// A direction: of length 1.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Vector(Arc<[f32]>);

impl Vector {
    /// `None`: it points nowhere.
    pub(crate) fn new(mut numbers: Vec<f32>) -> Option<Self> {
        let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
        let sound = length.is_finite() && length > 0.0 && numbers.len() <= MOST_DIMENSIONS;
        sound.then(|| {
            for number in &mut numbers {
                *number /= length;
            }
            Self(numbers.into())
        })
    }

    /// The cosine of the angle between two; 0 where they are of different models.
    pub(crate) fn similarity(&self, other: &Self) -> f64 {
        if self.0.len() != other.0.len() {
            return 0.0;
        }
        let pairs = self.0.iter().zip(other.0.iter());
        // The rounding of a sum of thousands must not make two equal ones more than equal.
        f64::from(pairs.map(|(one, other)| one * other).sum::<f32>()).min(1.0)
    }

    pub(super) fn dimensions(&self) -> usize {
        self.0.len()
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.0)
    }

    /// As servers take it: its numbers one after the other, the least byte first.
    pub(super) fn to_le_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|number| number.to_le_bytes()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similarity_is_of_directions() {
        let vector = |numbers: &[f32]| Vector::new(numbers.to_vec()).expect("a direction");
        let one = vector(&[3.0, 4.0]);
        assert!((one.similarity(&vector(&[6.0, 8.0])) - 1.0).abs() < 1e-6);
        assert!(one.similarity(&vector(&[-4.0, 3.0])).abs() < 1e-6);
        assert!((one.similarity(&vector(&[-3.0, -4.0])) + 1.0).abs() < 1e-6);
        let another_models = vector(&[1.0, 0.0, 0.0]);
        assert!(one.similarity(&another_models).abs() < 1e-6);
        for nowhere in [
            vec![],
            vec![0.0, 0.0],
            vec![f32::NAN, 1.0],
            vec![f32::MAX, f32::MAX],
        ] {
            assert_eq!(Vector::new(nowhere), None);
        }
    }
}
