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

use std::num::{IntErrorKind, ParseIntError};
use std::path::PathBuf;
use std::str::FromStr;

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
/// feature, keeps checkpoints from step 0 on, fits linear probes to layers of
/// every checkpoint, and draws the curves into a report.
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
    #[command(
        subcommand,
        after_help = "Examples, in this order:\n  layerprobe sweep plan seeds.toml\n  layerprobe sweep run seeds.toml --workers 2\n  layerprobe sweep collect seeds.toml"
    )]
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
    #[command(
        subcommand,
        after_help = "Example:\n  layerprobe bench train --arch cnn4"
    )]
    Bench(BenchCommand),
    /// List the experiments that are compiled in
    #[command(
        after_help = "Examples:\n  layerprobe presets\n  layerprobe presets --message-format json"
    )]
    Presets,
    /// Look at configurations
    #[command(
        subcommand,
        after_help = "Example:\n  layerprobe config show quick --set training.epochs=20 > my.toml"
    )]
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
    #[arg(long, value_name = "N", value_parser = thread_count, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// Memory that probing may take, such as 512M or 4G [default: half of what
    /// is free]; layers that do not fit are kept on disk, and if need be fewer
    /// threads probe; the results do not depend on it
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    pub max_memory: Option<MemoryLimit>,
    /// If another process holds the run folder, wait until it is free
    #[arg(long)]
    pub wait: bool,
    /// Keep what training needs to go on from every so many seconds [default:
    /// 60]
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
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
    /// Side of the images in pixels [default: 64 for cnn4, mlp and alexnet64, else 224]
    #[arg(long, value_name = "N", value_parser = count::<usize>, allow_negative_numbers = true)]
    pub image_size: Option<usize>,
    /// Number of classes
    #[arg(
        long,
        value_name = "N",
        default_value_t = 7,
        value_parser = count::<usize>,
        allow_negative_numbers = true
    )]
    pub classes: usize,
}

/// Reads a whole number that may be 0.
fn whole<T: FromStr<Err = ParseIntError>>(text: &str) -> Result<T, String> {
    read(text, "give a whole number from 0")
}

/// Reads how many there are of what there is one of at least; 0 is refused where the
/// number is used.
fn count<T: FromStr<Err = ParseIntError>>(text: &str) -> Result<T, String> {
    read(text, "give a whole number from 1")
}

/// Reads how many threads there are; whether there can be so many is seen when they are
/// set.
fn thread_count(text: &str) -> Result<usize, String> {
    read(text, "give a number from 1 to 1024")
}

fn read<T: FromStr<Err = ParseIntError>>(text: &str, wanted: &str) -> Result<T, String> {
    text.parse::<T>()
        .map_err(|error: ParseIntError| match error.kind() {
            IntErrorKind::PosOverflow => error.to_string(),
            _ => wanted.to_owned(),
        })
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// How many options of a command, and of those below it, take a number; `wrong` are
    /// those that take one below 0 for another option.
    fn numbers(command: &clap::Command, wrong: &mut Vec<String>) -> usize {
        const NUMBERS: [&str; 8] = ["N", "N,N", "P", "P,P", "T", "R,G,B", "SECONDS", "SEED"];
        const AMOUNTS: [&str; 2] = ["SIZE", "TIME"];
        let mut found = 0;
        for option in command.get_opts() {
            let names = option.get_value_names().unwrap_or_default();
            let is_one_of =
                |known: &[&str]| names.iter().any(|name| known.contains(&name.as_str()));
            let is_amount = is_one_of(&AMOUNTS);
            if is_amount || is_one_of(&NUMBERS) {
                found += 1;
                // clap takes neither a list nor one with a unit for a number
                let is_list = names.iter().any(|name| name.contains(','));
                let takes_it = match is_list || is_amount {
                    true => option.is_allow_hyphen_values_set(),
                    false => option.is_allow_negative_numbers_set(),
                };
                if !takes_it {
                    wrong.push(format!("{} --{}", command.get_name(), option.get_id()));
                }
            }
        }
        let below = command.get_subcommands();
        found + below.map(|verb| numbers(verb, wrong)).sum::<usize>()
    }

    #[test]
    fn a_number_below_zero_is_no_other_option() {
        let mut wrong = Vec::new();
        assert!(numbers(&Arguments::command(), &mut wrong) > 40);
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn numbers_that_cannot_be_are_told_what_can() {
        assert_eq!(whole("0"), Ok(0_u64));
        assert_eq!(count("12"), Ok(12_usize));
        assert_eq!(
            whole::<u64>("-1").unwrap_err(),
            "give a whole number from 0"
        );
        assert_eq!(
            count::<usize>("two").unwrap_err(),
            "give a whole number from 1"
        );
        assert_eq!(
            thread_count("-1").unwrap_err(),
            "give a number from 1 to 1024"
        );
        let large = whole::<u32>("4294967296").unwrap_err();
        assert!(large.contains("too large"), "{large}");
    }
}
