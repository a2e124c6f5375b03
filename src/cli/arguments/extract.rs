use std::path::PathBuf;

use clap::Args;

use super::{arch, count, thread_count};
use crate::models::Arch;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  layerprobe extract --arch resnet50 --weights w.safetensors --input x.safetensors \\\n      --layers pre_pool,post_pool --out a.safetensors\n  layerprobe extract --arch alexnet --weights w.safetensors --input photos --layers pool3,fc6,fc7 --out a.safetensors\n\nIn Python, with the safetensors package:\n  save_file(torchvision.models.resnet50(weights=\"DEFAULT\").state_dict(), \"w.safetensors\")\n  save_file({\"images\": images}, \"x.safetensors\")    # [n, 3, size, size], float32, normalized\n  activations = load_file(\"a.safetensors\")            # a tensor for each layer\n\n`layerprobe layers ARCH` lists the layers."
)]
pub struct Extract {
    /// The architecture
    #[arg(long, value_parser = arch())]
    pub arch: Arch,
    /// Weights under torchvision's names, or a checkpoint of a run; the number
    /// of classes and the widths are read from them
    #[arg(long, value_name = "W.safetensors")]
    pub weights: PathBuf,
    /// A safetensors file with a tensor `images`, [n, 3, size, size] or [n, numbers],
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
    #[arg(
        long,
        value_name = "R,G,B",
        value_delimiter = ',',
        requires = "std",
        allow_hyphen_values = true
    )]
    pub mean: Vec<f32>,
    /// Deviations that the rest is divided by [default: those of the run that
    /// made the checkpoint, for other weights ImageNet's 0.229,0.224,0.225]
    #[arg(
        long,
        value_name = "R,G,B",
        value_delimiter = ',',
        requires = "mean",
        allow_hyphen_values = true
    )]
    pub std: Vec<f32>,
    /// Images in memory at once
    #[arg(
        long,
        value_name = "N",
        default_value_t = 32,
        value_parser = count::<usize>,
        allow_negative_numbers = true
    )]
    pub batch: usize,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N", value_parser = thread_count, allow_negative_numbers = true)]
    pub threads: Option<usize>,
}
