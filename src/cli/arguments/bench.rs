use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::probe::{ProbeScaling, ProbeSolver};
use super::{arch, count, thread_count};
use crate::memory::MemoryLimit;
use crate::models::Arch;

#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Full training steps: forward, loss, backward, Adam
    #[command(
        after_help = "Example:\n  layerprobe bench train --arch alexnet --image-size 224 --batch 64 --steps 10"
    )]
    Train(Bench),
    /// Forward passes as when layers are read
    #[command(
        after_help = "Example:\n  layerprobe bench extract --arch resnet50 --image-size 224 --batch 32 --steps 10 --json"
    )]
    Extract(Bench),
    /// Fits of every feature at every penalty, on all stimuli of a matrix
    #[command(
        after_help = "Example:\n  layerprobe bench probe --activations fc6.npy --labels labels.csv --penalties 1,100\n\nEnds with exit code 3 if a fit did not converge; what was measured is told all the same."
    )]
    Probe(BenchProbe),
}

#[derive(Debug, Args)]
pub struct Bench {
    /// The architecture
    #[arg(long, value_parser = arch())]
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
    /// Images in a batch
    #[arg(
        long,
        value_name = "N",
        default_value_t = 64,
        value_parser = count::<usize>,
        allow_negative_numbers = true
    )]
    pub batch: usize,
    /// Steps that are measured, after two that are not
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        value_parser = count::<usize>,
        allow_negative_numbers = true
    )]
    pub steps: usize,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N", value_parser = thread_count, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct BenchProbe {
    /// Activations: a .safetensors, .npy or .npz file
    #[arg(long, value_name = "FILE")]
    pub activations: PathBuf,
    /// Labels of each stimulus
    #[arg(long, value_name = "FILE.csv")]
    pub labels: PathBuf,
    /// Features to fit [default: every column but split and group]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub features: Option<Vec<String>>,
    /// Arrays to fit [default: all in the file]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub layers: Option<Vec<String>>,
    /// Penalties (scikit-learn's 1/C; with two classes 2/C)
    #[arg(
        long,
        value_name = "P,P",
        value_delimiter = ',',
        default_value = "1,100,10000",
        allow_hyphen_values = true
    )]
    pub penalties: Vec<f64>,
    /// How dimensions are brought to one scale
    #[arg(long, value_enum, default_value_t = ProbeScaling::Standard)]
    pub scaling: ProbeScaling,
    /// What minimizes the objective
    #[arg(long, value_enum, default_value_t = ProbeSolver::Batched)]
    pub solver: ProbeSolver,
    /// Relative gap below which a fit has converged
    #[arg(
        long,
        value_name = "T",
        default_value_t = 1e-6,
        allow_negative_numbers = true
    )]
    pub tolerance: f64,
    /// Most iterations of a fit
    #[arg(
        long,
        value_name = "N",
        default_value_t = 2000,
        value_parser = count::<usize>,
        allow_negative_numbers = true
    )]
    pub max_iterations: usize,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N", value_parser = thread_count, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// Memory that may be taken, such as 512M or 4G [default: half of what is
    /// free]; arrays that do not fit are kept on disk, in the system's folder
    /// for temporary files
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    pub max_memory: Option<MemoryLimit>,
    /// Print one JSON object a layer
    #[arg(long)]
    pub json: bool,
}
