use std::path::PathBuf;

use clap::Args;

use super::thread_count;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  layerprobe binary binary-quick\n  layerprobe binary binary-quick --set training.runs=2 --set 'stimuli.easy_predictivity=[0.5, 0.8]' --out runs/two\n  layerprobe binary binary-quick --set network.initial=he --set training.epochs=30000 --out runs/he\n  layerprobe binary my.toml --out runs/mine\n  layerprobe binary --xor-example\n\nRun again after an interruption, the same command goes on from where it was.\nRun again after the end, it only does what is missing."
)]
pub struct Binary {
    /// A preset (binary-quick, binary-smoke) or a TOML file
    #[arg(required_unless_present = "xor_example")]
    pub preset_or_file: Option<String>,
    /// Change a value of the configuration; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    /// The run folder [default: runs/NAME]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Threads to use, each for a network of its own [default: all cores]; the
    /// results do not depend on it
    #[arg(long, value_name = "N", value_parser = thread_count, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// Show two small networks that both solve XOR and are unlike inside, and
    /// nothing else
    #[arg(long, conflicts_with_all = ["preset_or_file", "overrides", "out", "threads"])]
    pub xor_example: bool,
}
