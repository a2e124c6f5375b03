mod bench;
mod binary;
mod compare;
mod export;
mod extract;
mod probe;
mod render;
mod reproduce;
mod store;
mod sweep;
mod verify;

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::memory::MemoryLimit;
use crate::models::Arch;

pub use bench::{Bench, BenchCommand, BenchProbe};
pub use binary::Binary;
pub use compare::{Compare, CompareCheckpoint, CompareDistance, CompareMetric};
pub use export::{Export, SweepExport};
pub use extract::Extract;
pub use probe::{Probe, ProbeProtocol, ProbeSolver};
pub use render::{Dataset, Render};
pub use reproduce::{Plan, Reproduce};
pub use sweep::{SweepAt, SweepCollect, SweepCommand, SweepPlan, SweepRun, SweepSubmit, SweepTask};
pub use verify::Verify;

/// Which features of its input does a neural network represent, in which
/// layer, and from which moment of training?
///
/// layerprobe renders controlled stimuli, trains a network on one chosen
/// feature, keeps checkpoints from step 0 on, fits linear probes to every
/// layer of every checkpoint, and draws the curves into a report.
#[derive(Debug, Parser)]
#[command(
    name = "layerprobe",
    version,
    after_help = "Start here:\n  layerprobe run quick                 from nothing to a report, in minutes\n  layerprobe render trifeature --sheet sheet.png\n                                       look at the stimuli\n  layerprobe presets                   what else there is to run\n\nExit codes: 0 done, 1 failed, 2 bad usage or configuration, 3 done but a probe did not\nconverge, 75 interrupted (the same command goes on)."
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub output: Output,
}

/// How much is said, and how.
#[derive(Debug, Args)]
pub struct Output {
    /// Say nothing but errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Messages for people, or one JSON object a line
    #[arg(long, global = true, value_enum, default_value_t = MessageFormat::Human)]
    pub message_format: MessageFormat,
    /// Keep a log: append what happens and what is decided to this file, one
    /// JSON object a line; the results do not depend on it
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// Progress bars and tables (plain lines when not a terminal)
    Human,
    /// One JSON object a line on standard output
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run an experiment: stimuli, training, probes, report
    Run(Run),
    /// Tell what a run or a study will take, before anything starts
    Plan(Plan),
    /// Run a paper's experiments and answer each of its claims
    Reproduce(Reproduce),
    /// Run the binary-features experiment: bits with an easy and a hard feature
    Binary(Binary),
    /// Draw stimuli as PNG files with their labels and splits, or as tables
    Render(Render),
    /// Probe activations of your own network
    Probe(Probe),
    /// Draw a run's figures and report again
    Report(Report),
    /// Run an experiment over seeds, targets, settings: many cells, one table
    #[command(subcommand)]
    Sweep(SweepCommand),
    /// Write results as a Parquet file
    Export(Export),
    /// Check a finished run: hashes, configuration, results
    Verify(Verify),
    /// List a network's layers with their shapes
    Layers(Layers),
    /// Read layers of a network of your own for images of your own
    Extract(Extract),
    /// Compare layers of networks with each other: RSA and CKA
    Compare(Compare),
    /// Measure images a second and memory, to size a run
    #[command(subcommand)]
    Bench(BenchCommand),
    /// List the experiments that are compiled in
    Presets,
    /// Look at configurations
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print completions for a shell
    #[command(
        after_help = "Example (bash):\n  layerprobe completions bash > ~/.local/share/bash-completion/completions/layerprobe"
    )]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  layerprobe run quick\n  layerprobe run quick5 --threads 2\n  layerprobe run quick --set training.epochs=3 --set 'training.targets=[\"color\"]' --out runs/color3\n  layerprobe run my.toml\n  layerprobe run quick --store store --out runs/penalties --set 'probes.penalties=[1, 10]'\n\nRun again after an interruption, the same command goes on from where it was.\nRun again after the end, it only does what is missing. Files that are not what they were are\nfound by their hash, set aside as NAME.damaged, and made again."
)]
pub struct Run {
    /// A preset (see `layerprobe presets`) or a TOML file
    pub preset_or_file: String,
    /// Change a value of the configuration; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    /// The run folder [default: runs/NAME]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Threads to use [default: all cores]; the results do not depend on it
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Memory that probing may take, such as 512M or 4G [default: half of what
    /// is free]; layers that do not fit are kept on disk, the results do not
    /// depend on it
    #[arg(long, value_name = "SIZE")]
    pub max_memory: Option<MemoryLimit>,
    /// If another process holds the run folder, wait until it is free
    #[arg(long)]
    pub wait: bool,
    /// Keep what training needs to go on from every so many seconds [default:
    /// 60]
    #[arg(long, value_name = "SECONDS")]
    pub snapshot_every: Option<f64>,
    /// A folder of finished work that runs share: what is there is not done
    /// again, what is done is put there; the results do not depend on it
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  layerprobe report runs/quick")]
pub struct Report {
    /// The run folder
    pub dir: PathBuf,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  layerprobe layers alexnet\n  layerprobe layers resnet50 --image-size 64 --classes 23\n  layerprobe layers cnn4 --message-format json"
)]
pub struct Layers {
    /// The architecture
    #[arg(value_parser = arch())]
    pub arch: Arch,
    /// Side of the images in pixels [default: 64 for cnn4 and mlp, else 224]
    #[arg(long, value_name = "N")]
    pub image_size: Option<usize>,
    /// Number of classes
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub classes: usize,
}

/// Reads the name of an architecture; clap suggests the nearest.
fn arch() -> impl TypedValueParser<Value = Arch> {
    PossibleValuesParser::new(Arch::ALL.map(Arch::name)).try_map(|name| name.parse::<Arch>())
}

/// The image size at which an architecture is shown and measured.
pub fn image_size(arch: Arch, given: Option<usize>) -> usize {
    given.unwrap_or(match arch {
        Arch::Cnn4 | Arch::Mlp | Arch::AlexNet64 => 64,
        Arch::AlexNet | Arch::ResNet18 | Arch::ResNet50 => 224,
    })
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print a complete configuration, ready to be saved and changed
    #[command(
        after_help = "Examples:\n  layerprobe config show quick\n  layerprobe config show quick --set name=my --set training.epochs=3 > my.toml && layerprobe run my.toml\n\nKeys that are optional and not set are not printed: docs/configuration.md has all of them."
    )]
    Show(Show),
}

#[derive(Debug, Args)]
pub struct Show {
    /// A preset (see `layerprobe presets`) or a TOML file
    pub preset_or_file: String,
    /// Change a value; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
}
