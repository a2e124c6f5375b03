//! The log: what happens and what is decided, one JSON object a line.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing::span::EnteredSpan;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt, registry};

use super::exit::Usage;
use crate::experiment::run_folder_around;

/// Starts the log: it is written for as long as the program runs, and its
/// lines bear the process number while what is returned is kept.
///
/// # Errors
/// If the file cannot be written, or lies where every file is hashed.
pub fn start(path: &Path) -> Result<EnteredSpan, Usage> {
    let log = Log::open(path)?;
    let lines = fmt::layer().json().with_writer(Mutex::new(log));
    let ours = Targets::new().with_target("layerprobe", LevelFilter::DEBUG);
    let subscriber = registry().with(lines.with_filter(ours));
    let refused = |error| Usage(format!("cannot keep a log: {error}"));
    subscriber.try_init().map_err(refused)?;
    log_panics();

    let process = tracing::info_span!("process", pid = std::process::id()).entered();
    let words: Vec<String> = std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        git = env!("LAYERPROBE_GIT"),
        command = ?words,
        "begins"
    );
    Ok(process)
}

/// Besides what is said of it on standard error.
fn log_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tracing::error!("{panic}");
        usual(panic);
    }));
}

/// The file. A line that cannot be written is lost; the program goes on.
struct Log {
    path: PathBuf,
    file: File,
    /// A part of a line may stand at the end.
    torn: bool,
    told: bool,
}

impl Log {
    fn open(path: &Path) -> Result<Self, Usage> {
        let problem =
            |what: &dyn std::fmt::Display| Usage(format!("--log-file {}: {what}", path.display()));
        let unwritable = |error| problem(&format!("cannot be written: {error}"));
        if let Some(folder) = run_folder_around(path) {
            return Err(problem(&format!(
                "{} is a run folder, whose files are hashed; keep the log elsewhere",
                folder.display()
            )));
        }
        let file = File::options().create(true).append(true).open(path);
        let file = file.map_err(unwritable)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            torn: false,
            told: false,
        })
    }
}

impl Write for Log {
    /// Takes a whole line, and never fails.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let new_line: &[u8] = if self.torn { b"\n" } else { b"" };
        // in one call: other processes may append to the same file
        let written = self.file.write_all(&[new_line, line].concat());
        self.torn = written.is_err();
        if let Err(error) = written
            && !self.told
        {
            self.told = true;
            // with standard error gone as well, nobody is left to be told
            let _ = writeln!(
                io::stderr(),
                "warning: cannot write the log {}: {error}; lines of it are lost, the work goes on",
                self.path.display()
            );
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
