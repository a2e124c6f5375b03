//! Means and intervals over runs.

mod jackknife;
mod student;

pub use jackknife::jackknife;
pub use student::{MeanInterval, mean_interval, student_quantile};
