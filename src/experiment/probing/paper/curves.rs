//! A grid's curves as a file: all that the choice over networks needs.

use std::collections::BTreeMap;
use std::path::Path;

use layerprobe_probes::{CheckedAdamGrid, FeatureCurves, GridCurves};

use crate::experiment::error::ExperimentError;

/// Columns before the epochs'.
const COLUMNS: [&str; 10] = [
    "step",
    "epoch",
    "layer",
    "dim",
    "feature",
    "n_train",
    "n_test",
    "chance",
    "learning_rate",
    "weight_decay",
];

/// One layer of one checkpoint: every feature's curves.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerCurves {
    /// The checkpoint's step and epoch.
    pub step: u64,
    pub epoch: f64,
    pub layer: String,
    pub dim: usize,
    /// In the order of the configuration.
    pub features: Vec<FeatureCurves>,
}

impl LayerCurves {
    /// Writes the file: a row a feature and point of the grid, with the number
    /// of stimuli classified rightly after each epoch.
    pub fn write(&self, path: &Path, grid: &CheckedAdamGrid) -> Result<(), ExperimentError> {
        let epochs = (1..=grid.epochs()).map(|epoch| epoch.to_string());
        let names = COLUMNS.map(str::to_owned).into_iter().chain(epochs);
        let mut lines = vec![names.collect::<Vec<_>>().join(",")];
        for FeatureCurves {
            feature,
            chance,
            curves,
        } in &self.features
        {
            let points = grid.points();
            for ((rate, decay), right) in points.iter().zip(curves.right.chunks(grid.epochs())) {
                let right: Vec<String> = right.iter().map(u32::to_string).collect();
                lines.push(format!(
                    "{},{},{},{},{feature},{},{},{chance},{rate},{decay},{}",
                    self.step,
                    self.epoch,
                    self.layer,
                    self.dim,
                    curves.n_train,
                    curves.n_test,
                    right.join(",")
                ));
            }
        }
        lines.push(String::new());
        layerprobe_durable::write(path, lines.join("\n").as_bytes())
            .map_err(|e| ExperimentError::io("write", path, e))
    }

    /// Reads the file of a grid.
    ///
    /// # Errors
    /// If it cannot be read, or is not what [`LayerCurves::write`] writes for
    /// this grid and these features.
    pub fn read(
        path: &Path,
        grid: &CheckedAdamGrid,
        features: &[String],
    ) -> Result<Self, ExperimentError> {
        let text =
            std::fs::read_to_string(path).map_err(|e| ExperimentError::io("read", path, e))?;
        parse(&text, grid, features).map_err(|problem| ExperimentError::Damaged {
            path: path.to_owned(),
            problem,
        })
    }
}

fn parse(text: &str, grid: &CheckedAdamGrid, features: &[String]) -> Result<LayerCurves, String> {
    let mut found: Option<LayerCurves> = None;
    let points = grid.points();
    let mut lines = (1..).zip(text.split_terminator('\n')).skip(1);
    for feature in features {
        for point in &points {
            let (number, line) = lines.next().ok_or("lines are missing at the end")?;
            let row = parse_line(line, feature, *point, grid.epochs());
            let row = row.ok_or_else(|| format!("line {number} is not {feature} at {point:?}"))?;
            let Some(found) = &mut found else {
                found = Some(row);
                continue;
            };
            let of_point = row.features.into_iter().next();
            match (found.features.last_mut(), of_point) {
                (Some(last), Some(more)) if last.feature == more.feature => {
                    last.curves.right.extend(more.curves.right);
                }
                (_, more) => found.features.extend(more),
            }
        }
    }
    match lines.next() {
        Some((number, _)) => Err(format!("line {number} is one too many")),
        None => found.ok_or_else(|| "it is empty".to_owned()),
    }
}

/// The curve of one point.
fn parse_line(line: &str, feature: &str, point: (f64, f64), epochs: usize) -> Option<LayerCurves> {
    let cells: Vec<&str> = line.split(',').collect();
    let named: BTreeMap<&str, &str> = COLUMNS.into_iter().zip(cells.iter().copied()).collect();
    let right = cells.get(COLUMNS.len()..)?;
    let n_test = named.get("n_test")?.parse().ok()?;
    let right: Vec<u32> = right
        .iter()
        .map(|cell| cell.parse().ok())
        .collect::<Option<_>>()?;
    let number = |name: &str| named.get(name)?.parse::<f64>().ok();
    let fits = *named.get("feature")? == feature
        && (number("learning_rate")?, number("weight_decay")?) == point
        && right.len() == epochs
        && right.iter().all(|right| *right as usize <= n_test);
    fits.then_some(LayerCurves {
        step: named.get("step")?.parse().ok()?,
        epoch: number("epoch")?,
        layer: (*named.get("layer")?).to_owned(),
        dim: named.get("dim")?.parse().ok()?,
        features: vec![FeatureCurves {
            feature: feature.to_owned(),
            chance: number("chance")?,
            curves: GridCurves {
                epochs,
                n_train: named.get("n_train")?.parse().ok()?,
                n_test,
                right,
            },
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use layerprobe_probes::AdamGrid;

    fn grid() -> CheckedAdamGrid {
        AdamGrid {
            learning_rates: vec![1e-6, 0.1],
            weight_decays: vec![0.0],
            epochs: 3,
            ..AdamGrid::default()
        }
        .check()
        .unwrap()
    }

    fn curves() -> LayerCurves {
        let of = |feature: &str, n_test, right: [u32; 6]| FeatureCurves {
            feature: feature.to_owned(),
            chance: 1.0 / 7.0,
            curves: GridCurves {
                epochs: 3,
                n_train: 10,
                n_test,
                right: right.to_vec(),
            },
        };
        LayerCurves {
            step: 540,
            epoch: 10.0,
            layer: "fc1".to_owned(),
            dim: 128,
            features: vec![
                of("shape", 9, [0, 1, 2, 3, 4, 9]),
                of("color", 7, [7, 6, 5, 4, 3, 2]),
            ],
        }
    }

    #[test]
    fn a_file_gives_back_what_was_written_and_damage_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fc1.csv");
        let features = ["shape".to_owned(), "color".to_owned()];
        curves().write(&path, &grid()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 5);
        assert_eq!(
            LayerCurves::read(&path, &grid(), &features).unwrap(),
            curves()
        );
        let last = text.lines().next_back().unwrap_or_default().len() + 1;
        for (damaged, said) in [
            (
                text.replacen("0.000001,0,0,1,2", "0.000001,0,0,1", 1),
                "line 2",
            ),
            (text.replacen("0.1,0,3,4,9", "0.1,0,3,4,10", 1), "line 3"),
            (text.replacen("color", "texture", 1), "line 4"),
            (format!("{text}more\n"), "line 6 is one too many"),
            (text[..text.len() - last].to_owned(), "missing"),
        ] {
            std::fs::write(&path, damaged).unwrap();
            let error = LayerCurves::read(&path, &grid(), &features).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
