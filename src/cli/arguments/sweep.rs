use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::export::SweepExport;
use super::store::StoreAt;
use super::{count, thread_count, whole};
use crate::memory::MemoryLimit;
use crate::sweep::slurm::{Bare, Span};

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
    /// Run what is missing on a Slurm cluster: pack it into tasks of array jobs
    #[command(
        after_help = "Examples:\n  layerprobe sweep submit seeds.toml --dry-run\n  layerprobe sweep submit seeds.toml --partition main --account p42 --cpus 4 --memory 8G\n  layerprobe sweep submit seeds.toml --site our-cluster.sh --task-time 4h --throttle 20\n\nThe sweep's folder must be one that all nodes share. Cells are packed by their forecast time, those\nwhose tasks are in the queue are left out. Told by Slurm that time is nearly up or that another\njob needs the node, a task saves and puts itself back into the queue, unless it made no progress. Submitted\nagain, the same command does what is missing; `layerprobe sweep status` tells how far it is."
    )]
    Submit(Box<SweepSubmit>),
    /// Print the batch script that `submit` fills in, to be changed and given with --site
    #[command(
        after_help = "Example:\n  layerprobe sweep site > our-cluster.sh\n  layerprobe sweep submit seeds.toml --site our-cluster.sh --dry-run"
    )]
    Site,
    /// Run one task of a submission, as its batch script does
    #[command(
        after_help = "Example:\n  layerprobe sweep task sweeps/seeds/slurm/0001 --task 3\n\nAsked to stop, by USR1 or TERM, it lets the cells in hand save and ends with exit code 75; in a\nSlurm job that goes on it puts itself back into the queue before."
    )]
    Task(SweepTask),
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
    #[arg(long, value_name = "N", value_parser = thread_count, allow_negative_numbers = true)]
    pub threads: Option<usize>,
}

#[derive(Debug, Args)]
pub struct SweepRun {
    #[command(flatten)]
    pub at: SweepAt,
    /// Cells at a time
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = count::<usize>,
        allow_negative_numbers = true
    )]
    pub workers: usize,
    /// Threads of all workers together [default: all cores]; the results do not
    /// depend on it
    #[arg(long, value_name = "N", value_parser = thread_count, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// Memory that all workers together may take for probing, such as 4G
    /// [default: half of what is free]
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    pub max_memory: Option<MemoryLimit>,
    /// How often a cell that failed is tried again
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = whole::<u32>,
        allow_negative_numbers = true
    )]
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

#[derive(Debug, Args)]
pub struct SweepSubmit {
    #[command(flatten)]
    pub at: SweepAt,
    /// Print scripts and calls; submit nothing, write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The batch script of your cluster, with {{names}} to be filled in
    /// [default: what `layerprobe sweep site` prints]
    #[arg(long, value_name = "FILE")]
    pub site: Option<PathBuf>,
    /// Forecast time that a task is filled up to, such as 90s, 30m, 4h
    #[arg(
        long,
        value_name = "TIME",
        default_value = "1h",
        allow_hyphen_values = true
    )]
    pub task_time: Span,
    /// Time limit of a task [default: twice --task-time]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub time_limit: Option<Span>,
    /// How long before the limit a task is told to save and leave
    #[arg(
        long,
        value_name = "TIME",
        default_value = "2m",
        allow_hyphen_values = true
    )]
    pub signal_before: Span,
    /// Time of a cell, instead of the forecast
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub cell_time: Option<Span>,
    /// Tasks at a time
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..),
        allow_negative_numbers = true
    )]
    pub throttle: Option<u32>,
    /// Partition, or several with commas
    #[arg(long, value_name = "NAME")]
    pub partition: Option<Bare>,
    /// Account that pays
    #[arg(long, value_name = "NAME")]
    pub account: Option<Bare>,
    /// Quality of service
    #[arg(long, value_name = "NAME")]
    pub qos: Option<Bare>,
    /// Processors of a task
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..),
        allow_negative_numbers = true
    )]
    pub cpus: Option<u32>,
    /// Memory of a task, such as 8G
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    pub memory: Option<MemoryLimit>,
    /// GPUs of a task, for sites that want one
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..),
        allow_negative_numbers = true
    )]
    pub gpus: Option<u32>,
    /// Cells at a time in a task
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=1024),
        allow_negative_numbers = true
    )]
    pub workers: u32,
    /// How often a cell that failed is tried again
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = whole::<u32>,
        allow_negative_numbers = true
    )]
    pub retries: u32,
    /// How often a task may put itself back into the queue
    #[arg(
        long,
        value_name = "N",
        default_value_t = 20,
        value_parser = whole::<u32>,
        allow_negative_numbers = true
    )]
    pub requeues: u32,
    /// Tasks that an array may have [default: as Slurm says, else 1001]
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..),
        allow_negative_numbers = true
    )]
    pub max_array_size: Option<u32>,
}

#[derive(Debug, Args)]
pub struct SweepTask {
    /// The submission's folder
    pub submission: PathBuf,
    /// The task's number in it
    #[arg(long, value_name = "N", value_parser = whole::<usize>, allow_negative_numbers = true)]
    pub task: usize,
}
