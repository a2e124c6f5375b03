use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::export::SweepExport;
use super::store::StoreAt;
use crate::memory::MemoryLimit;

#[derive(Debug, Subcommand)]
pub enum SweepCommand {
    /// Print the cells with what each takes: steps, time, disk
    #[command(
        after_help = "Examples:\n  layerprobe sweep plan seeds.toml\n  layerprobe sweep plan seeds.toml --no-bench\n\nTime is forecast from cells of the same kind that are done, else from a bench of seconds on this\nmachine and the operations that probes take (within a factor of three), as by `layerprobe plan`.\nIt is of one cell after another."
    )]
    Plan(SweepPlan),
    /// Run what is missing, several cells at a time
    #[command(
        after_help = "Examples:\n  layerprobe sweep run seeds.toml --workers 2\n  layerprobe sweep run seeds.toml --workers 4 --threads 16 --max-memory 32G --retries 2\n\nEach cell is a process of its own: a crash costs that cell alone. Ctrl-C, TERM or USR1 let the\ncells in hand save and end (exit code 75). Run again, the same command does what is missing;\nstarted on a second machine with the same folder, it takes other cells.\n\nExit codes: 0 all done, 1 some cells failed, 2 bad sweep file, 3 done but a probe did not\nconverge, 75 interrupted."
    )]
    Run(SweepRun),
    /// Say how far each cell is
    #[command(
        after_help = "Examples:\n  layerprobe sweep status seeds.toml\n  layerprobe sweep status seeds.toml --message-format json"
    )]
    Status(SweepAt),
    /// Merge the cells' tables into one, with one report
    #[command(
        after_help = "Examples:\n  layerprobe sweep collect seeds.toml\n  layerprobe sweep collect seeds.toml --partial\n\nWrites results.csv, by_value.csv, confusion.csv and report/index.html into the sweep's folder.\nRows over runs (interval_kind `runs`) are means and t intervals over all cells that differ in\nseeds and hold-out versions only."
    )]
    Collect(SweepCollect),
    /// Write the rows of all cells as a Parquet file
    #[command(
        after_help = "Examples:\n  layerprobe sweep export seeds.toml --out seeds.parquet\n  layerprobe sweep export seeds.toml --out seeds.parquet --partial\n\nThe rows are those that `collect` writes to results.csv, from the cells as they are now."
    )]
    Export(SweepExport),
}

/// Which sweep, and where.
#[derive(Debug, Args)]
pub struct SweepAt {
    /// The sweep file: name, base, [set], [axes], [[include]], [[exclude]]
    pub file: PathBuf,
    /// The sweep's folder [default: sweeps/NAME]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct SweepPlan {
    #[command(flatten)]
    pub at: SweepAt,
    /// Forecast no time where no cell of a kind is done
    #[arg(long)]
    pub no_bench: bool,
    /// Threads each cell will have [default: all cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

#[derive(Debug, Args)]
pub struct SweepRun {
    #[command(flatten)]
    pub at: SweepAt,
    /// Cells at a time
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub workers: usize,
    /// Threads of all workers together [default: all cores]; the results do not
    /// depend on it
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Memory that all workers together may take for probing, such as 4G
    /// [default: half of what is free]
    #[arg(long, value_name = "SIZE")]
    pub max_memory: Option<MemoryLimit>,
    /// How often a cell that failed is tried again
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub retries: u32,
    #[command(flatten)]
    pub store: StoreAt,
}

#[derive(Debug, Args)]
pub struct SweepCollect {
    #[command(flatten)]
    pub at: SweepAt,
    /// Collect the cells that are done, though others are not
    #[arg(long)]
    pub partial: bool,
}
