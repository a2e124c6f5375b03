//! How often something random must be repeated to say anything, and may be at most; the
//! same wherever it is asked for.

/// Fewer labelings say too little of their spread.
const LEAST_LABELINGS: usize = 5;

/// Fewer permutations cannot reach the p-value 0.05.
const LEAST_PERMUTATIONS: usize = 19;

/// More labelings say nothing more.
pub(crate) const MOST_CONTROLS: usize = 1000;

/// More permutations say nothing more.
pub(crate) const MOST_PERMUTATIONS: usize = 100_000;

/// What is wrong with so many labelings of a control task, if anything.
pub(crate) fn too_few_controls(labelings: usize) -> Option<String> {
    (1..LEAST_LABELINGS)
        .contains(&labelings)
        .then(|| format!("{labelings} labelings: give at least {LEAST_LABELINGS}, or 0 for none"))
}

/// What is wrong with so many permutations, if anything.
pub(crate) fn too_few_permutations(permutations: usize) -> Option<String> {
    (1..LEAST_PERMUTATIONS).contains(&permutations).then(|| {
        format!(
            "{permutations} permutations cannot tell a p-value of 0.05: give at least {LEAST_PERMUTATIONS}, \
             or 0 for none"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_enough_and_few_are_not() {
        for (controls, few) in [(0, false), (1, true), (4, true), (5, false)] {
            assert_eq!(too_few_controls(controls).is_some(), few, "{controls}");
        }
        for (permutations, few) in [(0, false), (1, true), (18, true), (19, false)] {
            let found = too_few_permutations(permutations);
            assert_eq!(found.is_some(), few, "{permutations}");
        }
    }
}
