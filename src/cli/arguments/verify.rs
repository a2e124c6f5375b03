use std::path::PathBuf;

use clap::Args;

use super::{thread_count, whole};
use crate::memory::MemoryLimit;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  layerprobe verify runs/quick\n  layerprobe verify runs/quick5 --recompute 2\n\nChecks every file against its hash, the configuration and the results against each other\n(an accuracy for every condition, checkpoint, layer and feature), and the tables against the\nconditions' own. Changes nothing. Exit code 0: all agree; 1: something does not, each file is\nnamed with what to do."
)]
pub struct Verify {
    /// The run folder
    pub dir: PathBuf,
    /// Make N conditions again in a temporary folder and compare them byte by
    /// byte
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        value_parser = whole::<usize>,
        allow_negative_numbers = true
    )]
    pub recompute: usize,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N", value_parser = thread_count, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// Memory that probing may take, such as 512M or 4G [default: half of what
    /// is free]
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    pub max_memory: Option<MemoryLimit>,
}
