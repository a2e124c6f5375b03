//! A run folder is taken for one configuration, by one process at a time.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use layerprobe_durable::{Holder, Lease, LeaseError, Pace, is_temporary, remove_temporaries};

use super::layout::{RunFolder, run_folder_around};
use crate::experiment::error::ExperimentError;
use crate::experiment::events::{Event, Observer};

/// What to do while another process holds a run folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenHeld {
    /// Say who holds it, and stop.
    #[default]
    Stop,
    /// Wait until it is free.
    Wait,
}

impl RunFolder {
    /// Opens or makes the folder for this configuration, and holds it.
    ///
    /// # Errors
    /// If the folder lies in that of a run, belongs to another configuration or holds
    /// foreign files, another process works in it, or it cannot be written.
    pub fn open(
        root: &Path,
        config_toml: &str,
        when_held: WhenHeld,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<Self, ExperimentError> {
        if let Some(around) = run_folder_around(root) {
            let folder = root.to_owned();
            return Err(ExperimentError::InARun { folder, around });
        }
        fs::create_dir_all(root).map_err(|e| ExperimentError::io("make the folder", root, e))?;
        // before the configuration is looked for: who is making the run at this moment
        // writes that first
        let foreign = foreign_entry(root).map_err(|e| ExperimentError::io("list", root, e))?;
        if !is_configured(root, config_toml)?
            && let Some(found) = foreign
        {
            let folder = root.to_owned();
            return Err(ExperimentError::NotARun { folder, found });
        }
        let lease = hold(root, when_held, stop, observer)?;
        // again: while this waited, another may have made a run of its own here
        let is_configured = is_configured(root, config_toml)?;
        remove_temporaries(root)
            .map_err(|e| ExperimentError::io("remove what a killed run left in", root, e))?;
        if !is_configured {
            let config = root.join("config.toml");
            layerprobe_durable::write(&config, config_toml.as_bytes())
                .map_err(|e| ExperimentError::io("write", &config, e))?;
        }
        Ok(Self::held(root, lease))
    }
}

/// What a folder has that a run does not leave there before its configuration stands:
/// a process may have been killed while it wrote that.
fn foreign_entry(root: &Path) -> std::io::Result<Option<String>> {
    let is_ours =
        |name: &str| name == ".lease" || (name.starts_with(".config.toml.") && is_temporary(name));
    for entry in fs::read_dir(root)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !is_ours(&name) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Whether a folder has this configuration; having another one is an error.
fn is_configured(root: &Path, config_toml: &str) -> Result<bool, ExperimentError> {
    let config = root.join("config.toml");
    match fs::read_to_string(&config) {
        Ok(text) if text == config_toml => Ok(true),
        Ok(text) => Err(ExperimentError::AnotherConfig {
            folder: root.to_owned(),
            difference: first_difference(&text, config_toml),
        }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(ExperimentError::io("read", &config, e)),
    }
}

/// Takes the folder, telling whom it waits for.
fn hold(
    root: &Path,
    when_held: WhenHeld,
    stop: &AtomicBool,
    observer: &dyn Observer,
) -> Result<Lease, ExperimentError> {
    let mut told: Option<Holder> = None;
    let lease = take_lease(root, stop, |holder, alive| {
        if alive && when_held == WhenHeld::Stop {
            return false;
        }
        if told.as_ref() != Some(holder) {
            observer.event(Event::Note(&format!(
                "waiting for {}: it is held by {holder}",
                root.display()
            )));
            told = Some(holder.clone());
        }
        true
    })?;
    let lease = lease.map_err(|holder| ExperimentError::Busy {
        folder: root.to_owned(),
        holder,
    })?;
    tracing::info!(folder = %root.display(), lease = lease.number(), "holds the folder");
    Ok(lease)
}

/// Takes a folder, or else says who holds it. While another process does, `waits`
/// is told who, and whether it is known to be alive, and says whether to go on.
///
/// # Errors
/// If the wait was interrupted, or of the file system.
pub fn take_lease(
    folder: &Path,
    stop: &AtomicBool,
    mut waits: impl FnMut(&Holder, bool) -> bool,
) -> Result<Result<Lease, Holder>, ExperimentError> {
    let mut stopped = false;
    let lease = Lease::take(folder, Pace::default(), |holder, alive| {
        stopped = stop.load(Ordering::SeqCst);
        match !stopped && waits(holder, alive) {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    });
    match lease {
        Ok(lease) => Ok(Ok(lease)),
        Err(LeaseError::Held { .. }) if stopped => Err(ExperimentError::Interrupted),
        Err(LeaseError::Held { holder, .. }) => Ok(Err(holder)),
        Err(LeaseError::Io { folder, source }) => Err(ExperimentError::io("hold", &folder, source)),
    }
}

fn first_difference(theirs: &str, ours: &str) -> String {
    let (mut a, mut b) = (theirs.lines(), ours.lines());
    loop {
        match (a.next(), b.next()) {
            (None, None) => return "line endings".to_owned(),
            (there, here) if there != here => {
                return format!(
                    "there `{}`, here `{}`",
                    there.unwrap_or("nothing more"),
                    here.unwrap_or("nothing more")
                );
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::experiment::events::Silent;

    fn open(root: &Path, config: &str) -> Result<RunFolder, ExperimentError> {
        RunFolder::open(
            root,
            config,
            WhenHeld::Stop,
            &AtomicBool::new(false),
            &Silent,
        )
    }

    #[test]
    fn a_folder_is_held_once_and_belongs_to_one_configuration() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("run");
        let held = open(&root, "a = 1\n").unwrap();
        let busy = open(&root, "a = 1\n").unwrap_err();
        assert!(matches!(busy, ExperimentError::Busy { .. }), "{busy}");
        drop(held);
        let other = open(&root, "a = 2\n").unwrap_err();
        assert!(other.to_string().contains("there `a = 1`, here `a = 2`"));
        open(&root, "a = 1\n").unwrap();
    }

    #[test]
    fn a_run_has_no_place_in_another_one() {
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path(), "a = 1\n").unwrap());
        let error = open(&dir.path().join("runs/inner"), "a = 1\n").unwrap_err();
        assert!(matches!(error, ExperimentError::InARun { .. }), "{error}");
        assert!(!dir.path().join("runs").exists());
    }

    #[test]
    fn one_who_waits_can_be_stopped() {
        let dir = tempfile::tempdir().unwrap();
        let _held = open(dir.path(), "a = 1\n").unwrap();
        let stop = AtomicBool::new(true);
        let waited = RunFolder::open(dir.path(), "a = 1\n", WhenHeld::Wait, &stop, &Silent);
        assert!(matches!(waited, Err(ExperimentError::Interrupted)));
    }

    /// Makes a run of its own in the folder that it holds, and gives it to whoever
    /// waits for that.
    struct Maker(Mutex<Option<RunFolder>>);

    impl Observer for Maker {
        fn event(&self, _: Event<'_>) {
            if let Some(held) = self.0.lock().unwrap().take() {
                fs::write(held.root().join("config.toml"), "a = 1\n").unwrap();
            }
        }
    }

    #[test]
    fn a_folder_that_another_made_a_run_of_meanwhile_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let held = open(dir.path(), "a = 1\n").unwrap();
        // as if it had not come to write that yet
        fs::remove_file(dir.path().join("config.toml")).unwrap();
        let maker = Maker(Mutex::new(Some(held)));
        let stop = AtomicBool::new(false);
        let waited = RunFolder::open(dir.path(), "a = 2\n", WhenHeld::Wait, &stop, &maker);
        let error = waited.unwrap_err();
        assert!(error.to_string().contains("there `a = 1`, here `a = 2`"));
        // nobody holds it now
        open(dir.path(), "a = 1\n").unwrap();
    }

    #[test]
    fn a_run_killed_while_it_wrote_its_configuration_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let half = dir.path().join(".config.toml.77-0.tmp");
        fs::write(&half, "a =").unwrap();
        open(dir.path(), "a = 1\n").unwrap();
        assert!(!half.exists());
        let config = fs::read_to_string(dir.path().join("config.toml"));
        assert_eq!(config.unwrap(), "a = 1\n");
    }

    #[test]
    fn a_folder_with_foreign_files_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("thesis.tex"), "x").unwrap();
        let error = open(dir.path(), "a = 1\n").unwrap_err();
        assert!(error.to_string().contains("thesis.tex"), "{error}");
    }
}
