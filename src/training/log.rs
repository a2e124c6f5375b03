use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::TrainingError;

/// One row of `training.csv`.
///
/// At step 0 loss and train accuracy are those of the untrained network on all
/// training examples; at an epoch's end they are means over the epoch's
/// batches, each taken before its step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogRow {
    /// Steps taken.
    pub step: u64,
    /// Epochs done.
    pub epoch: u64,
    /// Mean cross-entropy on training examples, in nats.
    #[serde(with = "exact")]
    pub loss: f64,
    /// Accuracy on training examples.
    #[serde(with = "exact")]
    pub train_accuracy: f64,
    /// Accuracy on all validation examples.
    #[serde(with = "exact")]
    pub validation_accuracy: f64,
}

/// Floats kept bit by bit in a snapshot.
pub(super) mod exact {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(value.to_bits())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(f64::from_bits(u64::deserialize(deserializer)?))
    }
}

/// Writes `training.csv` anew, and returns its blake3.
pub(super) fn write_log(path: &Path, rows: &[LogRow]) -> Result<String, TrainingError> {
    let mut text = String::from("step,epoch,loss,train_accuracy,validation_accuracy\n");
    for row in rows {
        text.push_str(&format!(
            "{},{},{},{},{}\n",
            row.step, row.epoch, row.loss, row.train_accuracy, row.validation_accuracy
        ));
    }
    layerprobe_durable::write(path, text.as_bytes()).map_err(|source| TrainingError::Write {
        path: path.to_owned(),
        source,
    })?;
    Ok(blake3::hash(text.as_bytes()).to_hex().to_string())
}

/// Reads a `training.csv`.
///
/// # Errors
/// If the file cannot be read, or a line is not five numbers.
pub fn read_log(path: &Path) -> Result<Vec<LogRow>, TrainingError> {
    let text = fs::read_to_string(path).map_err(|source| TrainingError::Read {
        path: path.to_owned(),
        source,
    })?;
    text.lines()
        .enumerate()
        .skip(1)
        .map(|(line, cells)| {
            parse_row(cells).ok_or_else(|| TrainingError::Log {
                path: path.to_owned(),
                line: line + 1,
            })
        })
        .collect()
}

fn parse_row(line: &str) -> Option<LogRow> {
    let mut cells = line.split(',');
    let row = LogRow {
        step: cells.next()?.parse().ok()?,
        epoch: cells.next()?.parse().ok()?,
        loss: cells.next()?.parse().ok()?,
        train_accuracy: cells.next()?.parse().ok()?,
        validation_accuracy: cells.next()?.parse().ok()?,
    };
    cells.next().is_none().then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_read_as_it_was_written_and_a_torn_one_named_by_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("training.csv");
        let rows = [0, 1].map(|epoch| LogRow {
            step: 54 * epoch,
            epoch,
            loss: 1.0 / 3.0,
            train_accuracy: 0.1,
            validation_accuracy: 1.0,
        });
        write_log(&path, &rows).unwrap();
        assert_eq!(read_log(&path).unwrap(), rows);
        fs::write(&path, "step,epoch\n0,0,1,1,1\n54,1,0.3\n").unwrap();
        let error = read_log(&path).unwrap_err().to_string();
        assert!(error.contains("line 3"), "{error}");
    }
}
