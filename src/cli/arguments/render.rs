use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{thread_count, whole};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  layerprobe render trifeature --sheet sheet.png\n  layerprobe render trifeature --out stimuli --set image_size=64 --set object_size=40 --set texture_period=6\n  layerprobe render trifeature --out twins --swap color --count 100\n  layerprobe render navon --out letters\n  layerprobe render binary --out bits --set easy_predictivity=0.65"
)]
pub struct Render {
    /// Which stimuli
    #[arg(value_enum)]
    pub dataset: Dataset,
    /// Folder for PNG files, labels.csv and split files, or for tables; this, --sheet or
    /// both
    #[arg(long, value_name = "DIR", required_unless_present = "sheet")]
    pub out: Option<PathBuf>,
    /// One labelled contact sheet
    #[arg(long, value_name = "FILE.png")]
    pub sheet: Option<PathBuf>,
    /// Draw only the first N stimuli, in the order of shape, texture, color: the
    /// first have one shape [default: all]
    #[arg(
        long,
        value_name = "N",
        requires = "out",
        value_parser = whole::<usize>,
        allow_negative_numbers = true
    )]
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
    #[arg(long, default_value_t = 0, value_parser = whole::<u64>, allow_negative_numbers = true)]
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
    #[arg(
        long,
        value_name = "P",
        requires = "correlate",
        allow_negative_numbers = true
    )]
    pub predictivity: Option<f64>,
    /// Threads to use [default: all cores]; the files do not depend on it
    #[arg(long, value_name = "N", value_parser = thread_count, allow_negative_numbers = true)]
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
