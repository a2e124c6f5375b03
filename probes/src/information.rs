//! Accuracy counts; V-information says how many bits were read.

use std::collections::BTreeMap;
use std::f64::consts::LN_2;

use crate::ProbeError;

/// What a probe's family of decoders knows of a feature, in bits a stimulus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VInformation {
    /// `H_V(Y) - H_V(Y | X)`. Below 0 where the probe misleads more than it
    /// tells: nothing is cut off.
    pub bits: f64,
    /// `H_V(Y)`: cross-entropy on the test of always answering with the
    /// training classes' frequencies; the most that `bits` can be.
    pub entropy: f64,
    /// `H_V(Y | X)`: the probe's cross-entropy on the test.
    pub cross_entropy: f64,
}

/// Predictive V-information, estimated on test stimuli (Xu, Zhao, Song,
/// Stewart & Ermon 2020, "A theory of usable information under computational
/// constraints", eq. 2 and 4).
///
/// `train` has the labels that the probe was fitted to, `test` those it was
/// tested on, `log_probabilities` what it gave the true class of each test
/// stimulus, in nats. Without the stimulus the best that a penalized
/// multinomial decoder with a free intercept can do on its training rows is
/// their class frequencies; so
///
/// `bits = 1/n sum over test of (log2 p(y | x) - log2 frequency(y))`.
///
/// ```
/// let certain = layerprobe_probes::v_information(&[0, 1], &[0, 1, 1], &[0.0; 3])?;
/// assert_eq!((certain.bits, certain.entropy), (1.0, 1.0));
/// # Ok::<(), layerprobe_probes::ProbeError>(())
/// ```
///
/// # Errors
/// Two lists of different lengths, no test stimulus, a test class that
/// training does not have (its entropy is infinite), a log-probability that is
/// above 0 or NaN, and so any information above the entropy.
pub fn v_information(
    train: &[u32],
    test: &[u32],
    log_probabilities: &[f64],
) -> Result<VInformation, ProbeError> {
    let what = || "the test set".to_owned();
    if test.is_empty() {
        return Err(ProbeError::NoRows { what: what() });
    }
    if test.len() != log_probabilities.len() {
        return Err(ProbeError::Count {
            what: "log-probabilities of the test".to_owned(),
            found: log_probabilities.len(),
            expected: test.len(),
        });
    }
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for &label in train {
        *counts.entry(label).or_default() += 1;
    }
    let total = train.len() as f64;
    let mut entropy = 0.0;
    for &label in test {
        let count = counts.get(&label).ok_or(ProbeError::MissingClass {
            feature: "of the test".to_owned(),
            class: label as usize,
            part: "training",
        })?;
        entropy -= (*count as f64 / total).ln();
    }
    if let Some(&value) = log_probabilities
        .iter()
        .find(|&&log| log.is_nan() || log > 0.0)
    {
        return Err(ProbeError::LogProbability { value });
    }
    let n = test.len() as f64 * LN_2;
    let entropy = entropy / n;
    let cross_entropy = -log_probabilities.iter().sum::<f64>() / n;
    let bits = entropy - cross_entropy;
    if bits > entropy {
        return Err(ProbeError::AboveEntropy { bits, entropy });
    }
    Ok(VInformation {
        bits,
        entropy,
        cross_entropy,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_alone_carry_nothing() {
        let train = [0, 0, 0, 1];
        let test = [0, 1, 1];
        let log = test.map(|label| {
            if label == 0 {
                0.75f64.ln()
            } else {
                0.25f64.ln()
            }
        });
        let found = v_information(&train, &test, &log).unwrap();
        assert!(found.bits.abs() < 1e-15);
        let expected = -(0.75f64.log2() + 2.0 * 0.25f64.log2()) / 3.0;
        assert!((found.entropy - expected).abs() < 1e-15);
    }

    #[test]
    fn a_misleading_probe_is_below_zero() {
        let found = v_information(&[0, 1], &[0, 1], &[0.1f64.ln(); 2]).unwrap();
        assert!((found.bits - (1.0 + 0.1f64.log2())).abs() < 1e-15);
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        for bad in [0.1, f64::NAN, f64::INFINITY] {
            let error = v_information(&[0, 1], &[0], &[bad]).unwrap_err();
            assert!(matches!(error, ProbeError::LogProbability { .. }));
        }
        let unseen = v_information(&[0, 1], &[2], &[-1.0]).unwrap_err();
        assert!(matches!(unseen, ProbeError::MissingClass { class: 2, .. }));
        assert!(v_information(&[0], &[], &[]).is_err());
        assert!(v_information(&[0], &[0], &[]).is_err());
        // certainty of the impossible is infinitely wrong, and said so
        let lost = v_information(&[0, 1], &[0], &[f64::NEG_INFINITY]).unwrap();
        assert_eq!(lost.bits, f64::NEG_INFINITY);
    }
}
