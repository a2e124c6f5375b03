//! Means and intervals over runs.

mod student;

pub use student::{MeanInterval, mean_interval, student_quantile};
