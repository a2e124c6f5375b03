use std::path::PathBuf;

use clap::{Args, ValueEnum};
use layerprobe_probes::{Scaling, Solver, View};

use super::{count, thread_count, whole};
use crate::memory::MemoryLimit;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  layerprobe probe --activations fc6.npy --labels labels.csv --out results.csv\n  layerprobe probe --activations layers.safetensors --labels labels.csv --features shape,color \\\n      --layers conv3,fc6 --predictions predictions.csv --out results.csv\n  layerprobe probe --activations fc6.npy --labels labels.csv --controls 5 --permutations 19 \\\n      --v-information --code-orders 5 --out results.csv\n\nThe labels have a header, a row a stimulus in the order of the activations, and a column a\nfeature. Two more columns may stand among them: `split` (train, select, test: the penalty is\nchosen on select, then the probe is refitted on train and select together) and `group` (stimuli\nthat belong together, such as exemplars of one object: a split that divides one is an error, and\nintervals resample whole groups). Without `split`, a fifth of the groups test."
)]
pub struct Probe {
    /// Activations: a .safetensors, .npy or .npz file; two axes
    /// or more, the first is the stimulus
    #[arg(long, value_name = "FILE")]
    pub activations: PathBuf,
    /// Labels of each stimulus
    #[arg(long, value_name = "FILE.csv")]
    pub labels: PathBuf,
    /// Where the results go, one measurement a row
    #[arg(long, value_name = "FILE.csv")]
    pub out: PathBuf,
    /// Features to decode [default: every column but split, group and --strata]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub features: Option<Vec<String>>,
    /// Arrays to probe [default: all in the file]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub layers: Option<Vec<String>>,
    /// How a decoder is found, and on what it is tested
    #[arg(long, value_enum, default_value_t = ProbeProtocol::Own)]
    pub protocol: ProbeProtocol,
    /// Penalties to choose from (scikit-learn's 1/C, for two classes 2/C; 0 is none)
    /// [default: decades from 0.001 to 100000]
    #[arg(
        long,
        value_name = "P,P",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub penalties: Option<Vec<f64>>,
    /// Random labelings of groups to compare each feature with (control task,
    /// selectivity), 5 or more; wants two stimuli or more in each group
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        value_parser = whole::<usize>,
        allow_negative_numbers = true
    )]
    pub controls: usize,
    /// Permutations of the labels for p-values over all layers, 19 or more
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        value_parser = whole::<usize>,
        allow_negative_numbers = true
    )]
    pub permutations: usize,
    /// Permute labels only among groups with equal values of this column, which is no
    /// feature then: for features that depend on it
    #[arg(long, value_name = "COLUMN")]
    pub strata: Option<String>,
    /// V-information too, in bits
    #[arg(long)]
    pub v_information: bool,
    /// Random orders in which the labels are coded (online code length,
    /// compression), 5 are usual
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        value_parser = whole::<usize>,
        allow_negative_numbers = true
    )]
    pub code_orders: usize,
    /// What of each array is probed: full, gap (means of channels over pixels, for
    /// arrays of stimulus, channel, row, column), pca:K, rp:K
    #[arg(
        long,
        value_name = "VIEW,VIEW",
        value_delimiter = ',',
        default_value = "full"
    )]
    pub view: Vec<View>,
    /// How dimensions are brought to one scale [default: channel]
    #[arg(long, value_enum)]
    pub scaling: Option<ProbeScaling>,
    /// What minimizes the objective [default: batched]
    #[arg(long, value_enum)]
    pub solver: Option<ProbeSolver>,
    /// Most iterations at one penalty [default: 2000]
    #[arg(long, value_name = "N", value_parser = count::<usize>, allow_negative_numbers = true)]
    pub max_iterations: Option<usize>,
    /// What the probes said of each test stimulus
    #[arg(long, value_name = "FILE.csv")]
    pub predictions: Option<PathBuf>,
    /// Seed of all that is drawn: splits, labelings, permutations, orders, intervals
    #[arg(long, default_value_t = 0, value_parser = whole::<u64>, allow_negative_numbers = true)]
    pub seed: u64,
    /// Threads to use [default: all cores]; the results do not depend on it
    #[arg(long, value_name = "N", value_parser = thread_count, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// Memory that may be taken, such as 512M or 4G [default: half of what is
    /// free]; arrays that do not fit are kept on disk beside the results, which
    /// do not depend on it
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true)]
    pub max_memory: Option<MemoryLimit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProbeProtocol {
    /// Logistic regression, each fit proven; the penalty is chosen on `select`, or on
    /// a fifth of the training groups, then it is refitted on all of training and
    /// tested once
    Own,
    /// As Hermann & Lampinen 2020: 36 decoders of 250 epochs of Adam; the one that is
    /// best on the test is reported, an upper bound
    Paper,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ProbeScaling {
    /// Mean 0; one scale for each channel of an array of stimulus, channel, row,
    /// column; deviation 1 for vectors, with a floor at 1 % of the layer's
    #[default]
    Channel,
    /// Mean 0 and deviation 1 over the training rows
    Standard,
    /// Mean 0, scale as it is
    None,
}

impl From<ProbeScaling> for Scaling {
    fn from(chosen: ProbeScaling) -> Self {
        match chosen {
            ProbeScaling::Channel => Self::Channel,
            ProbeScaling::Standard => Self::Standard,
            ProbeScaling::None => Self::None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProbeSolver {
    /// All features and penalties at once, each fit certified
    Batched,
    /// linfa-logistic, certified afterwards; slow on wide layers
    Linfa,
}

impl From<ProbeSolver> for Solver {
    fn from(chosen: ProbeSolver) -> Self {
        match chosen {
            ProbeSolver::Batched => Self::Batched,
            ProbeSolver::Linfa => Self::Linfa,
        }
    }
}
