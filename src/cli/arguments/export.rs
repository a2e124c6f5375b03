use std::path::PathBuf;

use clap::Args;

use super::sweep::SweepAt;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  layerprobe export runs/quick --out quick.parquet\n  layerprobe export my/results.csv --out results.parquet\n\nText columns have a dictionary, numbers their types, empty cells are null. The rows of a whole sweep:\nlayerprobe sweep export."
)]
pub struct Export {
    /// A run folder, or a results.csv
    pub run_or_csv: PathBuf,
    /// The file to write
    #[arg(long, value_name = "FILE.parquet")]
    pub out: PathBuf,
}

#[derive(Debug, Args)]
pub struct SweepExport {
    /// The sweep file
    pub file: PathBuf,
    /// The file to write
    #[arg(long, value_name = "FILE.parquet")]
    pub out: PathBuf,
    /// The sweep's folder [default: sweeps/NAME]
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// Export the cells that are done, though others are not
    #[arg(long)]
    pub partial: bool,
}

impl SweepExport {
    /// Which sweep, as the other verbs have it.
    pub fn at(&self) -> SweepAt {
        SweepAt {
            file: self.file.clone(),
            out: self.folder.clone(),
        }
    }
}
