use crate::ResultRow;

/// What is measured of each layer and feature, one number a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Quantity {
    /// Held-out accuracy of a linear probe.
    Decodability,
    /// What that probe knows of the labels, in bits.
    Information,
    /// Accuracy above that of a control task.
    Selectivity,
    /// A uniform code's length over that of the probe's online code.
    Compression,
    /// Held-out accuracy of a probe with a hidden layer, mean over seeds.
    Nonlinear,
    /// Held-out R^2 of a ridge probe of position, angles or phase.
    Ridge,
}

impl Quantity {
    /// The metric's name in the table.
    pub(crate) fn metric(self) -> &'static str {
        match self {
            Self::Decodability => "accuracy",
            Self::Information => "v_information",
            Self::Selectivity => "selectivity",
            Self::Compression => "compression",
            Self::Nonlinear => "accuracy",
            Self::Ridge => "r2",
        }
    }

    /// The kind of probe whose rows it is read from.
    pub(crate) fn probe(self) -> &'static str {
        match self {
            Self::Decodability | Self::Information | Self::Compression => "linear",
            Self::Selectivity => "control",
            Self::Nonlinear => "mlp64",
            Self::Ridge => "ridge",
        }
    }

    /// The values it can have, however few the runs behind an interval.
    pub(crate) fn bounds(self) -> (f64, f64) {
        match self {
            Self::Decodability | Self::Nonlinear => (0.0, 1.0),
            Self::Information => (f64::NEG_INFINITY, f64::INFINITY),
            Self::Selectivity => (-1.0, 1.0),
            Self::Compression => (0.0, f64::INFINITY),
            Self::Ridge => (f64::NEG_INFINITY, 1.0),
        }
    }

    /// Whether a row is a measurement of it, and not of one of several repeats.
    pub(super) fn is_measured_by(self, row: &ResultRow) -> bool {
        let unnamed = row.probe.is_empty() && self != Self::Nonlinear;
        let probe = row.probe == self.probe() || unnamed;
        row.metric == self.metric() && probe && row.repeat.is_none()
    }

    /// Whether a row is one run's measurement of it, at a checkpoint.
    pub(super) fn is_in(self, row: &ResultRow) -> bool {
        self.is_measured_by(row) && is_of_one_run(row)
    }
}

/// Whether a row is a number of one network at one checkpoint; a table may
/// hold means over runs beside them.
pub(super) fn is_of_one_run(row: &ResultRow) -> bool {
    row.n_runs.is_none_or(|n| n <= 1)
        && row.condition_b.is_empty()
        && row.step.is_some()
        && row.value.is_finite()
}
