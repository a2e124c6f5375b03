//! Made-up measurements of the shape that a real run leaves: for tests and
//! for looking at the report. No number here was measured.

use layerprobe_reports::{
    Fact, ProtocolParagraph, ReportInput, ResultRow, Sheet, TrainingCurve, TrainingPoint,
};

/// What to make up.
pub struct Plan {
    pub dataset: String,
    pub splits: u32,
    pub layers: Vec<String>,
    pub features: Vec<String>,
    pub targets: Vec<String>,
    pub steps: Vec<u64>,
    pub classes: usize,
    /// Every how many rows a probe does not converge; 0 for never.
    pub unconverged: usize,
}

pub fn names<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).into()
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            dataset: "trifeature".into(),
            splits: 1,
            layers: names(["pool1", "pool2", "pool3", "pool4", "fc1"]),
            features: names(["shape", "texture", "color"]),
            targets: names(["shape", "texture", "color"]),
            steps: vec![0, 1, 3, 10, 30, 94, 225, 540],
            classes: 7,
            unconverged: 0,
        }
    }
}

/// A number from -1 to 1 that depends on all of `parts` and nothing else.
fn wobble(parts: &[u64]) -> f64 {
    let mixed = parts.iter().fold(0x9e37_79b9_7f4a_7c15u64, |hash, part| {
        (hash ^ part)
            .wrapping_mul(0xff51_afd7_ed55_8ccd)
            .rotate_left(29)
    });
    (mixed >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

impl Plan {
    fn chance(&self) -> f64 {
        1.0 / self.classes as f64
    }

    /// Untrained, deeper layers tell less; trained, the target's feature
    /// rises and the others fall, the more so the deeper.
    fn accuracy(&self, split: u32, target: usize, step: u64, layer: usize, feature: usize) -> f64 {
        let depth = (layer as f64 + 1.0) / self.layers.len() as f64;
        let ease = [0.80, 0.62, 1.0];
        let start = ease[feature % ease.len()] - [0.08, 0.3, 0.03][feature % 3] * depth;
        let end = if self.features[feature] == self.targets[target] {
            0.97
        } else {
            start - 0.55 * depth * start
        };
        let last = *self.steps.iter().max().unwrap_or(&1) as f64;
        let learned =
            ((1.0 + step as f64) / 8.0).ln().max(0.0) / ((1.0 + last) / 8.0).ln().max(1.0);
        let noise = wobble(&[
            split.into(),
            if step == 0 { 0 } else { target as u64 + 1 },
            step,
            layer as u64,
            feature as u64,
        ]);
        // hold-out versions differ more than stimuli do, ceilings less
        let version = wobble(&[split.into(), feature as u64 + 100]);
        let room = 0.02 + 0.2 * (1.0 - start);
        let value = start + (end - start) * learned.powf(0.8) + 0.015 * noise + room * version;
        (value * 3570.0)
            .round()
            .clamp(3570.0 * self.chance(), 3570.0)
            / 3570.0
    }

    pub fn rows(&self) -> Vec<ResultRow> {
        let mut rows = Vec::new();
        for split in 0..self.splits {
            for (t, target) in self.targets.iter().enumerate() {
                for feature in &self.features {
                    rows.push(ResultRow {
                        value: self.chance(),
                        metric: "chance".into(),
                        probe: "none".into(),
                        feature: feature.clone(),
                        ..self.blank(split, target)
                    });
                }
                for &step in &self.steps {
                    for (l, layer) in self.layers.iter().enumerate() {
                        for (f, feature) in self.features.iter().enumerate() {
                            let value = self.accuracy(split, t, step, l, f);
                            let half = 1.96 * (value * (1.0 - value) / 350.0).sqrt();
                            let failed = self.unconverged > 0 && rows.len() % self.unconverged == 1;
                            rows.push(ResultRow {
                                step: Some(step),
                                epoch: Some(step as f64 / 54.0),
                                layer: layer.clone(),
                                feature: feature.clone(),
                                probe: "linear".into(),
                                metric: "accuracy".into(),
                                value,
                                lower: Some((value - half).max(0.0)),
                                upper: Some((value + half).min(1.0)),
                                status: if failed {
                                    "max_iterations"
                                } else {
                                    "converged"
                                }
                                .into(),
                                interval_kind: "stimuli".into(),
                                checkpoint_role: match step {
                                    0 => "initial",
                                    _ if Some(&step) == self.steps.last() => "last",
                                    _ => "scheduled",
                                }
                                .into(),
                                ..self.blank(split, target)
                            });
                        }
                    }
                }
            }
        }
        rows
    }

    fn blank(&self, split: u32, target: &str) -> ResultRow {
        ResultRow {
            condition: format!("{}-{target}-cnn4-v{split}-s0", self.dataset),
            dataset: self.dataset.clone(),
            arch: "cnn4".into(),
            target: target.into(),
            split: Some(split),
            seed: Some(0),
            init_seed: Some(0),
            data_seed: Some(0),
            protocol: "clean-1".into(),
            n_train: Some(3430),
            n_test: Some(3570),
            ..ResultRow::default()
        }
    }

    fn training(&self) -> Vec<TrainingCurve> {
        let curve = |split: u32, t: usize, target: &String| TrainingCurve {
            condition: self.blank(split, target).condition,
            target: target.clone(),
            points: (0..=20u64)
                .map(|k| {
                    let epoch = k as f64 / 2.0;
                    let speed = [1.1, 0.45, 2.2][t % 3];
                    let noise = wobble(&[7, split.into(), t as u64, k]);
                    let left = (-epoch * speed / 2.0).exp();
                    TrainingPoint {
                        step: 27 * k,
                        epoch,
                        loss: (k > 0).then_some(1.95 * left + 0.03 + 0.02 * noise.abs()),
                        train_accuracy: (k > 0).then_some(1.0 - 0.85 * left),
                        validation_accuracy: Some(
                            0.96 - (0.96 - self.chance()) * left + 0.01 * noise,
                        ),
                    }
                })
                .collect(),
        };
        (0..self.splits)
            .flat_map(|split| {
                let targets = self.targets.iter().enumerate();
                targets.map(move |(t, target)| (split, t, target))
            })
            .map(|(split, t, target)| curve(split, t, target))
            .collect()
    }

    pub fn input(&self) -> ReportInput {
        ReportInput {
            title: format!("What cnn4 represents of {}", self.dataset),
            facts: vec![
                Fact::new("dataset", self.dataset.as_str()),
                Fact::new("image size", "64 px"),
                Fact::new("network", "cnn4"),
                Fact::new("training", "10 epochs, Adam 1e-3, L2 1e-4"),
                Fact::new("hold-out versions", self.splits.to_string()),
                Fact::new("seeds", "data 0, initial weights 0, order 0"),
            ],
            protocol: vec![
                ProtocolParagraph {
                    heading: "Stimuli and splits".into(),
                    text: "Made-up numbers: this text only takes the place of a protocol.\n\n\
                           Three of ten values of each feature are held out."
                        .into(),
                },
                ProtocolParagraph {
                    heading: "Probe".into(),
                    text: "Multinomial logistic regression on frozen activations.".into(),
                },
            ],
            rows: self.rows(),
            training: self.training(),
            layers: self.layers.clone(),
            features: self.features.clone(),
            targets: self.targets.clone(),
            sheets: vec![Sheet {
                caption: "A gradient in the place of stimuli.".into(),
                png: gradient(),
            }],
            config_toml: "[data]\nimage_size = 64\n".into(),
            command: "layerprobe run config.toml".into(),
            provenance: vec![Fact::new("version", "0.1.0"), Fact::new("training", "61 s")],
            ..ReportInput::default()
        }
    }
}

/// A small PNG image.
#[allow(clippy::expect_used)]
pub fn gradient() -> Vec<u8> {
    let image = image::RgbImage::from_fn(320, 96, |x, y| {
        image::Rgb([(x * 255 / 320) as u8, (y * 255 / 96) as u8, 128])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    image
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("a small image can be encoded");
    bytes.into_inner()
}
