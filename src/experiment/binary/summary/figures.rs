use layerprobe_reports::statistics::mean_interval;
use layerprobe_reports::{Curve, Curves, CurvesPanel, CurvesPoint, ResultRow};

use crate::config::{BinaryConfig, BinaryTarget};
use crate::experiment::binary::measures::protocol;
use crate::training::descent::CheckedDescentPlan;

/// Where networks over training are drawn, as near as there is one: the paper's
/// figure A.9.
const DYNAMICS_AT: f64 = 0.65;

/// The figures, each with the name of its files.
pub(in crate::experiment::binary) fn figures(
    config: &BinaryConfig,
    plan: &CheckedDescentPlan,
    rows: &[ResultRow],
) -> Vec<(String, Curves)> {
    let source = Source {
        config,
        rows,
        protocol: protocol(config, "adam"),
        layer: format!("fc{}", config.network.widths.len()),
        last: plan.epochs(),
    };
    let label = BinaryTarget::Label;
    if !config.training.targets.contains(&label) {
        return Vec::new();
    }
    let mut figures = vec![
        ("over-predictivity".to_owned(), source.over_predictivity()),
        ("input-bits".to_owned(), source.input_bits()),
    ];
    let distance = |easy: &f64| (easy - DYNAMICS_AT).abs();
    let known = config.stimuli.easy_predictivity.iter().copied();
    if let Some(easy) = known.min_by(|a, b| distance(a).total_cmp(&distance(b))) {
        let name = format!("over-training-easy{easy}");
        figures.push((name, source.over_training(plan, easy)));
    }
    figures
}

/// What a curve is of: metric, feature, probe, and the layer read.
#[derive(Clone, Copy)]
struct Measure<'a> {
    metric: &'a str,
    feature: &'a str,
    probe: &'a str,
}

impl<'a> Measure<'a> {
    fn decoded(feature: &'a str, probe: &'a str) -> Self {
        Self {
            metric: "accuracy",
            feature,
            probe,
        }
    }

    fn used(feature: &'a str) -> Self {
        Self {
            metric: "feature_use",
            feature,
            probe: "none",
        }
    }
}

struct Source<'a> {
    config: &'a BinaryConfig,
    rows: &'a [ResultRow],
    /// That of decoders.
    protocol: String,
    /// The last hidden one.
    layer: String,
    last: u64,
}

impl Source<'_> {
    /// The mean over runs at one epoch of networks of one predictivity.
    fn point(&self, measure: Measure<'_>, easy: f64, epoch: u64, x: f64) -> Option<CurvesPoint> {
        let values: Vec<f64> = self
            .rows
            .iter()
            .filter(|row| {
                row.target == "label"
                    && row.metric == measure.metric
                    && row.feature == measure.feature
                    && row.probe == measure.probe
                    && row.step == Some(epoch)
                    && row.predictivity == Some(easy)
                    && (measure.probe == "none"
                        || (row.protocol == self.protocol && row.layer == self.layer))
            })
            .map(|row| row.value)
            .collect();
        let mean = mean_interval(&values);
        let interval = mean.map(|m| (m.lower.max(0.0), m.upper.min(1.0)));
        let y = mean.map(|m| m.mean).or(values.first().copied())?;
        Some(CurvesPoint { x, y, interval })
    }

    fn curve_over_predictivity(&self, name: &str, measure: Measure<'_>, epoch: u64) -> Curve {
        let mut places = self.config.stimuli.easy_predictivity.clone();
        places.sort_by(f64::total_cmp);
        let points = places.iter();
        Curve {
            name: name.to_owned(),
            dashed: epoch == 0,
            points: points
                .filter_map(|&easy| self.point(measure, easy, epoch, easy))
                .collect(),
        }
    }

    fn over_predictivity(&self) -> Curves {
        let last = self.last;
        let mut decoded = Vec::new();
        for feature in ["easy", "hard"] {
            let measure = Measure::decoded(feature, "linear");
            decoded.push(self.curve_over_predictivity(feature, measure, last));
            let name = format!("{feature}, untrained");
            decoded.push(self.curve_over_predictivity(&name, measure, 0));
        }
        let of = |measure: fn(&'static str) -> Measure<'static>| {
            let curves =
                ["easy", "hard"].map(|f| self.curve_over_predictivity(f, measure(f), last));
            let mut curves = Vec::from(curves);
            curves.retain(|curve| !curve.points.is_empty());
            curves
        };
        let mut panels = vec![
            panel(&format!("decoded from {}", self.layer), decoded),
            panel("used", of(Measure::used)),
        ];
        let nonlinear = of(|feature| Measure::decoded(feature, "mlp64"));
        if !nonlinear.is_empty() {
            let (read, runs) = (
                self.config.decoding.nonlinear_runs,
                self.config.training.runs,
            );
            let title = match read < runs {
                true => format!("decoded nonlinearly (n = {read})"),
                false => "decoded nonlinearly".to_owned(),
            };
            panels.push(panel(&title, nonlinear));
        }
        Curves {
            title: "Easy and hard feature, decoded and used".to_owned(),
            subtitle: self.subtitle(&format!(
                "hard predictivity {}",
                self.config.stimuli.hard_predictivity
            )),
            x_label: "predictivity of the easy feature".to_owned(),
            y_label: "share of stimuli".to_owned(),
            steps: false,
            panels,
        }
    }

    fn input_bits(&self) -> Curves {
        let bits = &self.config.decoding.bits;
        let of_domain = |first: bool| {
            let own = bits.iter().filter(|bit| (**bit <= 16) == first);
            let curves = own.map(|bit| {
                let name = format!("bit{bit}");
                self.curve_over_predictivity(&name, Measure::decoded(&name, "linear"), self.last)
            });
            curves.collect()
        };
        Curves {
            title: format!("Input bits decoded from {}", self.layer),
            subtitle: self.subtitle("after training"),
            x_label: "predictivity of the easy feature".to_owned(),
            y_label: "decoder accuracy".to_owned(),
            steps: false,
            panels: vec![
                panel("bits of the easy domain", of_domain(true)),
                panel("bits of the hard domain", of_domain(false)),
            ],
        }
    }

    fn over_training(&self, plan: &CheckedDescentPlan, easy: f64) -> Curves {
        let curve = |name: &str, measure: Measure<'_>| {
            let epochs = plan.checkpoints().iter();
            Curve {
                name: name.to_owned(),
                dashed: false,
                points: epochs
                    .filter_map(|&epoch| self.point(measure, easy, epoch, epoch as f64))
                    .collect(),
            }
        };
        let decoded = ["easy", "hard"].map(|f| curve(f, Measure::decoded(f, "linear")));
        let used = ["easy", "hard"].map(|f| curve(f, Measure::used(f)));
        Curves {
            title: format!("Over training, easy predictivity {easy}"),
            subtitle: self.subtitle(&format!(
                "hard predictivity {}",
                self.config.stimuli.hard_predictivity
            )),
            x_label: "epoch".to_owned(),
            y_label: "share of stimuli".to_owned(),
            steps: true,
            panels: vec![
                panel(&format!("decoded from {}", self.layer), decoded.into()),
                panel("used", used.into()),
            ],
        }
    }

    fn subtitle(&self, more: &str) -> String {
        match self.config.training.runs {
            1 => format!("One run (n = 1), no interval; {more}"),
            runs => format!("Mean of n = {runs} runs with 95 % interval over runs; {more}"),
        }
    }
}

fn panel(title: &str, curves: Vec<Curve>) -> CurvesPanel {
    CurvesPanel {
        title: title.to_owned(),
        chance: Some(0.5),
        curves,
    }
}
