use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::store::StoreAt;
use super::thread_count;
use crate::memory::MemoryLimit;
use crate::reproduction::{STUDIES, Scale};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  layerprobe reproduce hermann-lampinen-2020\n  layerprobe reproduce hermann-lampinen-2020 --only untrained-trifeature,rsa-order\n  layerprobe reproduce hermann-lampinen-2020 --scale paper --only untrained-depth --out hl-paper\n  layerprobe reproduce hermann-lampinen-2020 --no-run      decide by what is there\n  layerprobe reproduce hermann-lampinen-2020 --variations  with other choices, too\n  layerprobe reproduce hermann-lampinen-2020 --no-run --evidence docs/reproduction/quick\n\nRun again after an interruption, the same command goes on from where it was. Each experiment is a\nrun folder of its own under DIR/runs. `layerprobe plan` tells beforehand how long it takes."
)]
pub struct Reproduce {
    /// Which study
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(STUDIES))]
    pub study: String,
    /// How large
    #[arg(long, value_enum, default_value_t = ReproduceScale::Quick)]
    pub scale: ReproduceScale,
    /// Only these claims, and the experiments that they need [default: all]
    #[arg(long, value_name = "CLAIM,...", value_delimiter = ',')]
    pub only: Vec<String>,
    /// The folder [default: runs/STUDY-SCALE]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Run nothing: decide by the experiments that are finished, variations, too
    #[arg(long)]
    pub no_run: bool,
    /// Run the variations, too: experiments that choose otherwise where the paper
    /// leaves something open, or decode more networks by the paper's protocol.
    /// Claims are decided by them a second time
    #[arg(long)]
    pub variations: bool,
    /// The folder of another reproduction of the study, such as one published
    /// with its tables alone: what is finished there is not run here
    #[arg(long, value_name = "DIR")]
    pub evidence: Option<PathBuf>,
    /// Threads to use [default: all cores]; the results do not depend on it
    #[arg(long, value_name = "N", value_parser = thread_count, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// Memory that probing may take, such as 512M or 4G [default: half of what
    /// is free]
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    pub max_memory: Option<MemoryLimit>,
    #[command(flatten)]
    pub store: StoreAt,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ReproduceScale {
    /// Seconds, to see that everything works
    Smoke,
    /// Hours on two cores
    #[default]
    Quick,
    /// The paper's sizes
    Paper,
}

impl From<ReproduceScale> for Scale {
    fn from(scale: ReproduceScale) -> Self {
        match scale {
            ReproduceScale::Smoke => Self::Smoke,
            ReproduceScale::Quick => Self::Quick,
            ReproduceScale::Paper => Self::Paper,
        }
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  layerprobe plan quick5\n  layerprobe plan my.toml --set training.epochs=90\n  layerprobe plan hermann-lampinen-2020 --scale paper\n  layerprobe plan binary-quick\n\nTimes come from a bench of seconds on this machine, those of probes from the operations they take\n(within a factor of three). Memory is what probing may take with these threads where nothing limits\nit, and the lowest limit it can be run under: one thread then probes, and layers are kept on disk,\nbut for those that the protocol paper decodes."
)]
pub struct Plan {
    /// A preset or a TOML file of `layerprobe run` or `layerprobe binary`, or a study
    pub what: String,
    /// The scale of a study [default: quick]
    #[arg(long, value_enum)]
    pub scale: Option<ReproduceScale>,
    /// Of a study, only what these claims need [default: all]
    #[arg(long, value_name = "CLAIM,...", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Of a study, what `reproduce --variations` runs, too: other choices, and more
    /// decoders by the paper's protocol
    #[arg(long)]
    pub variations: bool,
    /// Change a value of a preset or file; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    /// Threads the run will have [default: all cores]
    #[arg(long, value_name = "N", value_parser = thread_count, allow_negative_numbers = true)]
    pub threads: Option<usize>,
}
