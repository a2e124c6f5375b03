use super::grid::GridCurves;

/// A point of a grid and an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GridChoice {
    /// The point's number in [`crate::CheckedAdamGrid::points`].
    pub point: usize,
    /// Epochs trained, from 1.
    pub epoch: usize,
    /// Mean over the networks of the accuracy there.
    pub mean: f64,
}

/// The point and epoch with the highest mean accuracy over several networks'
/// curves: the fewest epochs of equals, then the first point. None if there
/// are no curves, or their grids or epochs differ.
///
/// The accuracies chosen by are those the choice is reported with, so they are
/// upper bounds (Hermann & Lampinen 2020, appendix B.1.1).
///
/// ```
/// use layerprobe_probes::{GridCurves, choose};
///
/// // two points, two epochs each, over ten stimuli
/// let curves = |right: [u32; 4]| GridCurves { epochs: 2, n_train: 20, n_test: 10, right: right.to_vec() };
/// let choice = choose(&[&curves([1, 9, 8, 2]), &curves([1, 5, 8, 2])]).unwrap();
/// assert_eq!((choice.point, choice.epoch, choice.mean), (1, 1, 0.8));
/// ```
pub fn choose(networks: &[&GridCurves]) -> Option<GridChoice> {
    let first = networks.first()?;
    let (epochs, numbers) = (first.epochs, first.right.len());
    let alike = |curves: &&GridCurves| curves.epochs == epochs && curves.right.len() == numbers;
    if epochs == 0 || !networks.iter().all(alike) {
        return None;
    }
    let mut best: Option<GridChoice> = None;
    for epoch in 0..epochs {
        for point in 0..numbers / epochs {
            let sum: f64 = networks.iter().map(|c| c.accuracy(point, epoch + 1)).sum();
            let mean = sum / networks.len() as f64;
            if best.is_none_or(|best| mean > best.mean) {
                let epoch = epoch + 1;
                best = Some(GridChoice { point, epoch, mean });
            }
        }
    }
    best
}

impl GridCurves {
    /// Share of the test stimuli that a point's probe classified rightly after
    /// so many epochs, from 1; NaN where there is no such number.
    pub fn accuracy(&self, point: usize, epoch: usize) -> f64 {
        let is_one = (1..=self.epochs).contains(&epoch);
        let place = is_one.then(|| point * self.epochs + epoch - 1);
        let right = place.and_then(|place| self.right.get(place));
        right.map_or(f64::NAN, |right| f64::from(*right) / self.n_test as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equals_the_fewest_epochs_then_the_first_point() {
        let curves = |right: &[u32], n_test| GridCurves {
            epochs: 3,
            n_train: 5,
            n_test,
            right: right.to_vec(),
        };
        let one = curves(&[0, 4, 4, 0, 4, 0], 4);
        let choice = choose(&[&one]).unwrap();
        assert_eq!((choice.point, choice.epoch, choice.mean), (0, 2, 1.0));
        // accuracies are averaged, not counts
        let other = curves(&[0, 0, 0, 0, 0, 8], 8);
        let choice = choose(&[&one, &other]).unwrap();
        assert_eq!((choice.point, choice.epoch, choice.mean), (0, 2, 0.5));
        assert!(choose(&[]).is_none());
        assert!(choose(&[&one, &curves(&[0; 3], 4)]).is_none());
        assert!(one.accuracy(7, 1).is_nan());
        // no epoch of another point
        assert!(one.accuracy(0, 4).is_nan() && one.accuracy(1, 0).is_nan());
    }
}
