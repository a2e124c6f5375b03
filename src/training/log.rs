use std::path::Path;

use serde::{Deserialize, Serialize};

use super::TrainingError;
use super::checkpoint::write_atomically;

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

/// Writes `training.csv` anew.
pub(super) fn write_log(path: &Path, rows: &[LogRow]) -> Result<(), TrainingError> {
    let mut text = String::from("step,epoch,loss,train_accuracy,validation_accuracy\n");
    for row in rows {
        text.push_str(&format!(
            "{},{},{},{},{}\n",
            row.step, row.epoch, row.loss, row.train_accuracy, row.validation_accuracy
        ));
    }
    write_atomically(path, text.as_bytes()).map_err(|source| TrainingError::Write {
        path: path.to_owned(),
        source,
    })
}
