use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{count, thread_count, whole};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  layerprobe compare runs/quick --out similarity.csv\n  layerprobe compare runs/quick --layers fc1 --checkpoint all --metrics cka_debiased --out fc1.csv\n  layerprobe compare runs/quick runs/wide --layers pool4,fc1 --stimuli 2000 --out wide.csv\n  layerprobe compare --activations a.safetensors b.safetensors --out ab.csv\n\nOne run: its networks with each other and with themselves. Two: those of the first with those of\nthe second. The stimuli are drawn anew, uncorrelated, the same for all networks. Beside FILE.csv,\na figure of each metric: FILE-rsa_pearson.svg and .png."
)]
pub struct Compare {
    /// One or two finished run folders, of `layerprobe run` or `layerprobe binary`
    #[arg(value_name = "RUN", num_args = 1..=2, required_unless_present = "activations")]
    pub runs: Vec<PathBuf>,
    /// One or two files of activations instead of runs (.safetensors, .npy,
    /// .npz): rows are the same stimuli in the same order
    #[arg(long, value_name = "FILE", num_args = 1..=2,
        conflicts_with_all = ["runs", "targets", "checkpoint", "steps"])]
    pub activations: Vec<PathBuf>,
    /// Where the results go, one measurement a row
    #[arg(long, value_name = "FILE.csv")]
    pub out: PathBuf,
    /// Layers to compare, of both sides [default: those the run probes; of bits the
    /// last hidden one]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub layers: Option<Vec<String>>,
    /// Layers of the second run or file, where they are others [default: as --layers]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub layers_b: Option<Vec<String>>,
    /// Only networks trained on these features [default: all]; of bits `label` or `multi`
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub targets: Option<Vec<String>>,
    /// At which moment of training
    #[arg(long, value_enum, default_value_t = CompareCheckpoint::Last)]
    pub checkpoint: CompareCheckpoint,
    /// At these steps instead
    #[arg(
        long,
        value_name = "N,N",
        value_delimiter = ',',
        conflicts_with = "checkpoint",
        value_parser = whole::<u64>,
        allow_hyphen_values = true
    )]
    pub steps: Option<Vec<u64>>,
    /// By which measures; the table in the terminal is of the first
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        value_name = "METRIC,METRIC",
        default_value = "rsa_pearson,cka_debiased"
    )]
    pub metrics: Vec<CompareMetric>,
    /// How far apart two stimuli are in a layer, for RSA
    #[arg(long, value_enum, default_value_t = CompareDistance::Correlation)]
    pub distance: CompareDistance,
    /// How many stimuli are shown [default: 1000, or all there are; of bits as many
    /// as in the run's own table]
    #[arg(long, value_name = "N", value_parser = count::<usize>, allow_negative_numbers = true)]
    pub stimuli: Option<usize>,
    /// Resamples behind each interval over stimuli; 0 for none of these
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1000,
        value_parser = whole::<usize>,
        allow_negative_numbers = true
    )]
    pub bootstrap: usize,
    /// Seed of the choice of rows and of the resamples, for --activations
    #[arg(
        long,
        default_value_t = 0,
        conflicts_with = "runs",
        value_parser = whole::<u64>,
        allow_negative_numbers = true
    )]
    pub seed: u64,
    /// Threads to use [default: all cores]; the results do not depend on it
    #[arg(long, value_name = "N", value_parser = thread_count, allow_negative_numbers = true)]
    pub threads: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompareCheckpoint {
    /// After training
    Last,
    /// Before training
    Initial,
    /// Where accuracy on validation was best
    Best,
    /// Before and after training
    Ends,
    /// Every checkpoint
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompareMetric {
    /// Pearson's correlation of the two matrices of distances
    #[value(name = "rsa_pearson")]
    RsaPearson,
    /// Spearman's correlation of them
    #[value(name = "rsa_spearman")]
    RsaSpearman,
    /// Linear CKA; too high where dimensions outnumber stimuli
    #[value(name = "cka")]
    Cka,
    /// Linear CKA without that bias
    #[value(name = "cka_debiased")]
    CkaDebiased,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompareDistance {
    /// 1 - Pearson's r over dimensions
    Correlation,
    /// Length of the difference
    Euclidean,
}
