use std::io;
use std::path::{Path, PathBuf};

/// What can go wrong between a sweep and Slurm.
#[derive(Debug, thiserror::Error)]
pub enum SlurmError {
    /// The site template could not be read.
    #[error("cannot read the site {}", path.display())]
    ReadSite {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The site template is wrong.
    #[error("{place}: {problem}")]
    Site {
        /// File and line.
        place: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// A path that no batch script can name.
    #[error(
        "{} cannot be written in a batch script: choose a folder without quotes, backslashes, \
         control characters and bytes that are no text (--out)",
        path.display()
    )]
    Path {
        /// The path.
        path: PathBuf,
    },
    /// Slurm is not here.
    #[error(
        "there is no `{program}` here: submit on a machine of the cluster, or see with --dry-run \
         what would be submitted"
    )]
    NoSlurm {
        /// The program that was looked for.
        program: &'static str,
    },
    /// A program of Slurm could not be run.
    #[error("cannot run `{program}`")]
    Run {
        /// The program.
        program: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A program of Slurm refused.
    #[error("`{command}` was refused: {said}")]
    Refused {
        /// What was asked.
        command: String,
        /// What it said.
        said: String,
    },
    /// A program of Slurm said something else than it should.
    #[error("`{command}` said `{said}`, which is no {wanted}")]
    Answer {
        /// What was asked.
        command: String,
        /// What it said.
        said: String,
        /// What it should have said.
        wanted: &'static str,
    },
    /// A submission's own file could not be read or written.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A submission's plan is not what `sweep submit` writes.
    #[error(
        "{} is no plan of a submission ({problem}); submit again with `layerprobe sweep submit`",
        path.display()
    )]
    Plan {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// There is no such task.
    #[error("there is no task {task} in {}: its tasks are 0 to {last}", path.display())]
    NoTask {
        /// What was asked for.
        task: usize,
        /// The submission.
        path: PathBuf,
        /// The last task.
        last: usize,
    },
}

impl SlurmError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// Whether the command or the site is to be mended, not the work.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::ReadSite { .. }
                | Self::Site { .. }
                | Self::Path { .. }
                | Self::NoSlurm { .. }
                | Self::Plan { .. }
                | Self::NoTask { .. }
        )
    }
}
