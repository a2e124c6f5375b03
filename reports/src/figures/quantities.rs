use super::axis::Axis;
use super::panel::ACCURACY;
use crate::evidence::{Estimate, Quantity};

/// How a quantity is called in its figure.
pub(super) struct Wording {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// Begins the drawing's own title.
    pub(super) name: &'static str,
    /// Ends each panel's title, after the feature.
    pub(super) panel: &'static str,
    pub(super) y_label: &'static str,
    /// What the dashed line is.
    pub(super) reference: &'static str,
    /// Begins the caption.
    pub(super) caption: &'static str,
}

pub(super) fn wording(quantity: Quantity) -> Wording {
    match quantity {
        Quantity::Decodability => Wording {
            id: "untrained-against-trained",
            title: "Untrained against trained",
            name: "Decodability",
            panel: "decodability",
            y_label: "probe accuracy",
            reference: "chance",
            caption: "Held-out accuracy of a linear probe",
        },
        Quantity::Information => Wording {
            id: "v-information",
            title: "V-information",
            name: "V-information",
            panel: "V-information",
            y_label: "bits a stimulus",
            reference: "no information",
            caption: "V-information (Xu et al. 2020): by how many bits a linear probe is less \
                      surprised by a test stimulus\u{2019} label than the class frequencies are; \
                      below 0 it is wrong more surely than right,",
        },
        Quantity::Selectivity => Wording {
            id: "selectivity",
            title: "Selectivity",
            name: "Selectivity",
            panel: "selectivity",
            y_label: "accuracy above control",
            reference: "no better than the control",
            caption: "Selectivity (Hewitt & Liang 2019): a probe\u{2019}s accuracy minus that of \
                      probes of random labels, one a combination of feature values, both on other \
                      exemplars of combinations that the probe has met: how much of the accuracy is \
                      not memory,",
        },
        Quantity::Compression => Wording {
            id: "compression",
            title: "Compression",
            name: "Compression of the labels",
            panel: "compression",
            y_label: "times shorter than uniform",
            reference: "no shorter",
            caption: "Compression by an online code (Voita & Titov 2020): how many times shorter \
                      the labels can be sent to somebody who has the layer\u{2019}s activations and \
                      fits a probe on the way,",
        },
        Quantity::Nonlinear => Wording {
            id: "nonlinear",
            title: "Nonlinear probes",
            name: "Decodability by a nonlinear probe",
            panel: "decodability",
            y_label: "probe accuracy",
            reference: "chance",
            caption: "Held-out accuracy of a probe with one hidden layer of 64 units, mean over its \
                      seeds; such a fit has many minima and no proof,",
        },
        Quantity::Ridge => Wording {
            id: "ridge",
            title: "What no network is trained on",
            name: "R\u{b2} of ridge probes",
            panel: "R\u{b2}",
            y_label: "R\u{b2}",
            reference: "always the mean",
            caption: "Held-out R\u{b2} of ridge probes of position, angles and phase, which no \
                      task uses: how much of their variance a linear decoder explains; below 0 it is \
                      worse than always naming the mean,",
        },
    }
}

/// An axis that holds all estimates and their intervals.
pub(super) fn axis(quantity: Quantity, estimates: &[Estimate]) -> Axis {
    if matches!(quantity, Quantity::Decodability | Quantity::Nonlinear) {
        return ACCURACY;
    }
    let ends = estimates.iter().flat_map(|e| {
        let (lower, upper) = e.interval.map_or((e.mean, e.mean), |(l, u, _)| (l, u));
        [lower, upper, e.mean]
    });
    let (low, high) = ends
        .filter(|end| end.is_finite())
        .fold((0.0f64, 0.0f64), |(low, high), v| (low.min(v), high.max(v)));
    // some room beyond the ends, so that markers there are seen whole
    let room = 0.04 * (high - low).max(0.25);
    Axis::Linear {
        low: if low < 0.0 { low - room } else { 0.0 },
        high: high.max(0.2) + room,
    }
}
