//! Penalties chosen at the edge of their grid.

use std::collections::BTreeSet;

use crate::ResultRow;

/// The metric of rows that say what a penalty at the grid's edge gains over the
/// next one inside, on the selection stimuli: accuracy, or nats where
/// `selected_by` is `cross_entropy`.
pub const EDGE_GAIN: &str = "edge_gain";

/// From this gain on, a grid ends on a slope; below, on a plateau.
const SLOPE: f64 = 0.01;

/// Choices at the edges of their grids.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Edges {
    slopes: usize,
    plateaus: usize,
    /// The largest gains, in accuracy and in nats.
    steepest: [f64; 2],
    /// The penalties of slopes, as they are written.
    penalties: BTreeSet<String>,
}

impl Edges {
    pub(crate) fn of(rows: &[ResultRow]) -> Self {
        let mut found = Self::default();
        for row in rows.iter().filter(|row| row.metric == EDGE_GAIN) {
            if row.value < SLOPE {
                found.plateaus += 1;
                continue;
            }
            found.slopes += 1;
            found.penalties.extend(row.penalty.map(|p| p.to_string()));
            let unit = usize::from(row.selected_by == "cross_entropy");
            found.steepest[unit] = found.steepest[unit].max(row.value);
        }
        found
    }

    /// What a slope means.
    pub(crate) fn warning(&self) -> Option<String> {
        let choices = match self.slopes {
            0 => return None,
            1 => "1 choice of a penalty lies".to_owned(),
            n => format!("{n} choices of a penalty lie"),
        };
        let gains: Vec<String> = self
            .steepest
            .iter()
            .zip(["accuracy", "nats"])
            .filter(|(gain, _)| **gain > 0.0)
            .map(|(gain, unit)| format!("{gain:.3} {unit}"))
            .collect();
        let penalties: Vec<&str> = self.penalties.iter().map(String::as_str).collect();
        Some(format!(
            "{choices} on a slope at the edge of the grid (penalty {}): over the next one it gained up to \
             {} on the selection stimuli, and a wider grid of penalties may decode more.",
            penalties.join(", "),
            gains.join(" and ")
        ))
    }

    /// What is known of the others.
    pub(crate) fn note(&self) -> Option<String> {
        let choices = match self.plateaus {
            0 => return None,
            1 => "1 penalty was chosen".to_owned(),
            n => format!("{n} penalties were chosen"),
        };
        Some(format!(
            "{choices} at the edge of the grid on a plateau: the next one inside did as well within {SLOPE}."
        ))
    }
}

/// A warning for penalties that lie on a slope at the edge of their grid, if
/// there are such among the rows.
pub fn edge_warning(rows: &[ResultRow]) -> Option<String> {
    Edges::of(rows).warning()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(penalty: f64, selected_by: &str, value: f64) -> ResultRow {
        ResultRow {
            metric: EDGE_GAIN.into(),
            penalty: Some(penalty),
            selected_by: selected_by.into(),
            value,
            ..ResultRow::default()
        }
    }

    #[test]
    fn slopes_warn_and_plateaus_are_noted() {
        let inside = ResultRow {
            metric: "accuracy".into(),
            value: 0.5,
            ..ResultRow::default()
        };
        let edges = Edges::of(std::slice::from_ref(&inside));
        assert_eq!((edges.warning(), edges.note()), (None, None));

        let flat = chosen(1e5, "accuracy", 0.0);
        let edges = Edges::of(&[inside, flat.clone()]);
        assert_eq!(edges.warning(), None);
        let note = edges.note().unwrap();
        assert!(note.starts_with("1 penalty was chosen"), "{note}");

        let steep = [
            chosen(0.001, "accuracy", 0.02),
            chosen(0.001, "accuracy", 0.04),
            chosen(1e5, "cross_entropy", 0.3),
            flat,
        ];
        let warning = edge_warning(&steep).unwrap();
        assert!(
            warning.starts_with("3 choices of a penalty lie"),
            "{warning}"
        );
        assert!(warning.contains("(penalty 0.001, 100000)"), "{warning}");
        assert!(
            warning.contains("0.040 accuracy and 0.300 nats"),
            "{warning}"
        );
    }
}
