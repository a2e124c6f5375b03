mod binary;
mod compare;
mod export;
mod reproduce;
mod store;
mod sweep;
mod verify;

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use layerprobe_probes::{Scaling, Solver, View};

use crate::memory::MemoryLimit;
use crate::models::Arch;

pub use binary::Binary;
pub use compare::{Compare, CompareCheckpoint, CompareDistance, CompareMetric};
pub use export::{Export, SweepExport};
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
#[command(
    after_help = "Examples:\n  layerprobe render trifeature --sheet sheet.png\n  layerprobe render trifeature --out stimuli --set image_size=64 --set object_size=40 --set texture_period=6\n  layerprobe render trifeature --out twins --swap color --count 100\n  layerprobe render navon --out letters\n  layerprobe render binary --out bits --set easy_predictivity=0.65"
)]
pub struct Render {
    /// Which stimuli
    #[arg(value_enum)]
    pub dataset: Dataset,
    /// Folder for PNG files, labels.csv and split files, or for tables
    #[arg(long, value_name = "DIR", required_unless_present = "sheet")]
    pub out: Option<PathBuf>,
    /// One labelled contact sheet
    #[arg(long, value_name = "FILE.png")]
    pub sheet: Option<PathBuf>,
    /// Draw only the first N stimuli, in the order of shape, texture, color: the
    /// first have one shape
    #[arg(long, value_name = "N", requires = "out")]
    pub count: Option<usize>,
    /// Draw twins: each stimulus again with another value of this feature and
    /// everything else the same
    #[arg(long, value_name = "FEATURE", requires = "out")]
    pub swap: Option<String>,
    /// Change a value of the stimuli's configuration, such as image_size=64;
    /// may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
    /// Seed of the stimuli and splits
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Correlate a pair of features in the training split, e.g. shape,color
    #[arg(
        long,
        value_name = "A,B",
        value_delimiter = ',',
        requires = "predictivity"
    )]
    pub correlate: Vec<String>,
    /// How well one feature of the pair predicts the other, from 0.1 to 1
    #[arg(long, value_name = "P", requires = "correlate")]
    pub predictivity: Option<f64>,
    /// Threads to use [default: all cores]; the files do not depend on it
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Dataset {
    /// An object with a shape, a texture and a color
    Trifeature,
    /// A large letter made of small letters
    Navon,
    /// 32 bits with an easy and a hard feature, as tables
    Binary,
}

impl Dataset {
    /// The dataset's name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trifeature => "trifeature",
            Self::Navon => "navon",
            Self::Binary => "binary",
        }
    }
}

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
        allow_negative_numbers = true
    )]
    pub penalties: Option<Vec<f64>>,
    /// Random labelings of groups to compare each feature with (control task,
    /// selectivity), 5 or more; wants two stimuli or more in each group
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub controls: usize,
    /// Permutations of the labels for p-values over all layers, 19 or more
    #[arg(long, value_name = "N", default_value_t = 0)]
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
    #[arg(long, value_name = "N", default_value_t = 0)]
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
    #[arg(long, value_name = "N")]
    pub max_iterations: Option<usize>,
    /// What the probes said of each test stimulus
    #[arg(long, value_name = "FILE.csv")]
    pub predictions: Option<PathBuf>,
    /// Seed of the splits that are drawn and of the intervals
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Threads to use [default: all cores]; the results do not depend on it
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Memory that may be taken, such as 512M or 4G [default: half of what is
    /// free]; arrays that do not fit are kept on disk beside the results, which
    /// do not depend on it
    #[arg(long, value_name = "SIZE")]
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

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  layerprobe extract --arch resnet50 --weights w.safetensors --input x.safetensors \\\n      --layers pre_pool,post_pool --out a.safetensors\n  layerprobe extract --arch alexnet --weights w.safetensors --input photos --layers pool3,fc6,fc7 --out a.safetensors\n\nIn Python, with the safetensors package:\n  save_file(torchvision.models.resnet50(weights=\"DEFAULT\").state_dict(), \"w.safetensors\")\n  save_file({\"images\": images}, \"x.safetensors\")    # [n, 3, h, w], float32, normalized\n  activations = load_file(\"a.safetensors\")            # a tensor for each layer\n\n`layerprobe layers ARCH` lists the layers."
)]
pub struct Extract {
    /// The architecture
    #[arg(long, value_parser = arch())]
    pub arch: Arch,
    /// Weights under torchvision's names, or a checkpoint of a run; the number
    /// of classes and the widths are read from them
    #[arg(long, value_name = "W.safetensors")]
    pub weights: PathBuf,
    /// A safetensors file with a tensor `images`, [n, 3, h, w] or [n, numbers],
    /// float32 and normalized already; or a folder of square PNG images of one
    /// size, taken in the order of their names
    #[arg(long, value_name = "X.safetensors|FOLDER")]
    pub input: PathBuf,
    /// Layers to read, by any of their names
    #[arg(long, value_name = "A,B", value_delimiter = ',', required = true)]
    pub layers: Vec<String>,
    /// Where the activations go
    #[arg(long, value_name = "A.safetensors")]
    pub out: PathBuf,
    /// Means of red, green and blue that are taken off the images of a folder,
    /// pixels running from 0 to 1 [default: those of the run that made the
    /// checkpoint, for other weights ImageNet's 0.485,0.456,0.406]
    #[arg(long, value_name = "R,G,B", value_delimiter = ',', requires = "std")]
    pub mean: Vec<f32>,
    /// Deviations that the rest is divided by [default: those of the run that
    /// made the checkpoint, for other weights ImageNet's 0.229,0.224,0.225]
    #[arg(long, value_name = "R,G,B", value_delimiter = ',', requires = "mean")]
    pub std: Vec<f32>,
    /// Images in memory at once
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub batch: usize,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

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
        after_help = "Example:\n  layerprobe bench probe --activations fc6.npy --labels labels.csv --penalties 1,100"
    )]
    Probe(BenchProbe),
}

#[derive(Debug, Args)]
pub struct Bench {
    /// The architecture
    #[arg(long, value_parser = arch())]
    pub arch: Arch,
    /// Side of the images in pixels [default: 64 for cnn4 and mlp, else 224]
    #[arg(long, value_name = "N")]
    pub image_size: Option<usize>,
    /// Number of classes
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub classes: usize,
    /// Images in a batch
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub batch: usize,
    /// Steps that are measured, after two that are not
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub steps: usize,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N")]
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
    /// Penalties (scikit-learn's 1/C)
    #[arg(long, value_name = "P,P", value_delimiter = ',', default_values_t = [1.0, 100.0, 10000.0])]
    pub penalties: Vec<f64>,
    /// How dimensions are brought to one scale
    #[arg(long, value_enum, default_value_t = ProbeScaling::Standard)]
    pub scaling: ProbeScaling,
    /// What minimizes the objective
    #[arg(long, value_enum, default_value_t = ProbeSolver::Batched)]
    pub solver: ProbeSolver,
    /// Relative gap below which a fit has converged
    #[arg(long, value_name = "T", default_value_t = 1e-6)]
    pub tolerance: f64,
    /// Most iterations of a fit
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub max_iterations: usize,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Memory that may be taken, such as 512M or 4G [default: half of what is
    /// free]; arrays that do not fit are kept on disk, in the system's folder
    /// for temporary files
    #[arg(long, value_name = "SIZE")]
    pub max_memory: Option<MemoryLimit>,
    /// Print one JSON object a layer
    #[arg(long)]
    pub json: bool,
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
