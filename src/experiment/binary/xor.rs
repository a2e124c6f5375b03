//! The worked example of Hermann & Lampinen 2020 (figure 8): two networks of two
//! hidden units that both solve XOR and whose representations are unlike.

use layerprobe_probes::similarity::{Distance, Rdm, SimilarityError};
use layerprobe_reports::ResultRow;
use ndarray::Array2;

use crate::experiment::ExperimentError;
use crate::experiment::compare::CompareError;

/// The four inputs.
const INPUTS: [[f32; 2]; 4] = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];

/// A unit that says whether `w . x + b` is above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Unit {
    weights: [f32; 2],
    bias: f32,
}

impl Unit {
    fn says(&self, x: [f32; 2]) -> f32 {
        let [a, b] = self.weights;
        f32::from(a * x[0] + b * x[1] + self.bias > 0.0)
    }
}

/// A way in which two hidden units and an output unit solve XOR.
#[derive(Clone, Debug)]
pub struct XorSolution {
    /// What the hidden units compute.
    pub name: &'static str,
    /// What they say of each of the inputs 00, 01, 10, 11.
    pub hidden: [[f32; 2]; 4],
    /// What the network says of each.
    pub output: [f32; 4],
    /// Euclidean distances of the hidden activations of each pair of inputs.
    pub rdm: Rdm,
}

/// Two solutions of XOR.
#[derive(Clone, Debug)]
pub struct XorExample {
    /// One unit is AND, the other OR; or one unit answers to one input alone
    /// and the other to the other.
    pub solutions: [XorSolution; 2],
    /// Pearson's correlation of their RDMs.
    pub correlation: f64,
}

/// Computes the example from the weights of both networks.
///
/// ```
/// let example = layerprobe::experiment::xor_example()?;
/// for solution in &example.solutions {
///     assert_eq!(solution.output, [0.0, 1.0, 1.0, 0.0]);
/// }
/// assert!((example.correlation + 0.795).abs() < 5e-4);
/// # Ok::<(), layerprobe::experiment::ExperimentError>(())
/// ```
///
/// # Errors
/// None that these numbers make.
pub fn xor_example() -> Result<XorExample, ExperimentError> {
    let unit = |weights, bias| Unit { weights, bias };
    let and_or = solution(
        "AND, OR",
        [unit([1.0, 1.0], -1.5), unit([1.0, 1.0], -0.5)],
        unit([-2.0, 1.0], -0.5),
    );
    let exclusive = solution(
        "first alone, second alone",
        [unit([1.0, -1.0], -0.5), unit([-1.0, 1.0], -0.5)],
        unit([1.0, 1.0], -0.5),
    );
    let solutions = [
        and_or.map_err(CompareError::from)?,
        exclusive.map_err(CompareError::from)?,
    ];
    let [a, b] = &solutions;
    let correlation = a.rdm.pearson(&b.rdm).map_err(CompareError::from)?;
    Ok(XorExample {
        solutions,
        correlation,
    })
}

fn solution(
    name: &'static str,
    units: [Unit; 2],
    output: Unit,
) -> Result<XorSolution, SimilarityError> {
    let hidden = INPUTS.map(|x| units.map(|unit| unit.says(x)));
    let activations = Array2::from_shape_fn((4, 2), |(input, unit)| hidden[input][unit]);
    Ok(XorSolution {
        name,
        hidden,
        output: hidden.map(|hidden| output.says(hidden)),
        rdm: Rdm::new(name, activations.view(), Distance::Euclidean)?,
    })
}

impl XorExample {
    /// The correlation as a row of the results.
    pub(super) fn row(&self) -> ResultRow {
        let [a, b] = &self.solutions;
        ResultRow {
            condition: format!("xor: {}", a.name),
            dataset: "xor".to_owned(),
            arch: "two hidden units".to_owned(),
            target: "xor".to_owned(),
            layer: "hidden".to_owned(),
            dim: Some(2),
            probe: "none".to_owned(),
            protocol: "similarity/1 distance=euclidean".to_owned(),
            metric: "rsa_pearson".to_owned(),
            value: self.correlation,
            n_test: Some(INPUTS.len() as u64),
            condition_b: format!("xor: {}", b.name),
            layer_b: "hidden".to_owned(),
            ..ResultRow::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_networks_solve_xor_and_are_unlike() {
        let example = xor_example().unwrap();
        let root = 2f64.sqrt();
        let rdms: Vec<&[f64]> = example
            .solutions
            .iter()
            .map(|s| s.rdm.distances())
            .collect();
        assert_eq!(rdms[0], [1.0, 1.0, root, 0.0, 1.0, 1.0]);
        assert_eq!(rdms[1], [1.0, 1.0, 0.0, root, 1.0, 1.0]);
        for solution in &example.solutions {
            assert_eq!(solution.output, [0.0, 1.0, 1.0, 0.0]);
        }
        // the entries' mean is (4 + root) / 6 in both
        let mean = (4.0 + root) / 6.0;
        let around = |x: f64| x - mean;
        let covariance = 4.0 * around(1.0).powi(2) + 2.0 * around(0.0) * around(root);
        let variance = 4.0 * around(1.0).powi(2) + around(0.0).powi(2) + around(root).powi(2);
        assert!((example.correlation - covariance / variance).abs() < 1e-12);
        assert!((example.correlation + 0.795).abs() < 5e-4);
    }
}
