//! What the command line may ask Slurm for.

use std::fmt;
use std::str::FromStr;

use super::quote::is_bare;
use crate::memory::MemoryLimit;
use crate::sweep::slurm::Span;

/// A name that means nothing to a shell or to `sbatch`: a partition, an account.
///
/// ```
/// use layerprobe::sweep::slurm::Bare;
///
/// assert!("gpu,long".parse::<Bare>().is_ok());
/// assert!("gpu; rm -r x".parse::<Bare>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bare(String);

/// What every task asks Slurm for; the optional ones may be left to the site or
/// to Slurm.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// The time limit.
    pub time: Span,
    /// How long before it the program is told.
    pub signal_before: Span,
    /// Tasks at a time.
    pub throttle: Option<u32>,
    /// Partition, or several.
    pub partition: Option<Bare>,
    /// The account that pays.
    pub account: Option<Bare>,
    /// Quality of service.
    pub qos: Option<Bare>,
    /// Processors.
    pub cpus: Option<u32>,
    /// Memory.
    pub memory: Option<MemoryLimit>,
    /// GPUs.
    pub gpus: Option<u32>,
}

impl Wishes {
    /// Nothing beyond what every task needs.
    pub fn new(time: Span, signal_before: Span) -> Self {
        Self {
            time,
            signal_before,
            throttle: None,
            partition: None,
            account: None,
            qos: None,
            cpus: None,
            memory: None,
            gpus: None,
        }
    }
}

impl FromStr for Bare {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match is_bare(text) {
            true => Ok(Self(text.to_owned())),
            false => Err(format!(
                "`{text}` cannot be; use letters, digits and -_.,:=@+/"
            )),
        }
    }
}

impl fmt::Display for Bare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
