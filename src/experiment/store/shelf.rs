//! One place of a store: work of one identity, whole or not there.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use layerprobe_durable::{Lease, Pending, remove_temporaries};

use crate::experiment::error::ExperimentError;
use crate::experiment::events::{Event, Observer};
use crate::experiment::folder::opening::take_lease;
use crate::experiment::folder::proof::{NamedFile, Proof};

/// Bytes that are copied at a time.
const BLOCK: usize = 1 << 16;

/// A folder of the store, in which one process at a time puts work.
#[derive(Clone, Debug)]
pub struct Shelf {
    dir: PathBuf,
    place: String,
}

/// What to do while another process makes what this one needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Something else first.
    Later,
    /// Wait until it is done, or its process is.
    Wait,
}

/// What came of asking for a piece of work, or for several.
#[derive(Debug)]
pub enum Asked {
    /// It was in the store, or known otherwise, and is in the run now.
    Taken,
    /// It is to be made, and to be put into the store.
    Missing(Option<Claim>),
    /// Another process makes it.
    Busy,
}

/// The right to put work onto a shelf, until this is dropped.
#[derive(Debug)]
pub struct Claim {
    shelf: Shelf,
    _lease: Lease,
}

impl Shelf {
    pub(super) fn new(root: &Path, place: String) -> Self {
        Self {
            dir: root.join(&place),
            place,
        }
    }

    /// Where a piece of work lies, by its path in the store.
    pub fn place(&self, name: &str) -> String {
        format!("{}/{name}", self.place)
    }

    /// Copies a piece of work to where `target` wants each file, and returns its
    /// proof; none if it is not here, is of another identity, has a file that
    /// is not wanted, or one that is not what it was. Each copy is proven by its
    /// hash before it takes its place.
    ///
    /// # Errors
    /// If a copy cannot be written.
    pub fn take(
        &self,
        name: &str,
        made_from: &str,
        target: impl Fn(&str) -> Option<PathBuf>,
    ) -> Result<Option<Proof>, ExperimentError> {
        let Some(proof) = Proof::read(&self.proof(name)) else {
            return Ok(None);
        };
        if proof.made_from != made_from {
            return Ok(None);
        }
        for (file, hash) in &proof.artifacts {
            let Some(target) = target(file) else {
                return Ok(None);
            };
            if !copy_proven(&self.files(name).join(file), &target, hash)? {
                tracing::warn!(place = self.place(name), file, "is not what it was");
                return Ok(None);
            }
        }
        tracing::info!(place = self.place(name), "taken from the store");
        Ok(Some(proof))
    }

    /// Takes a piece of work by `take`, or else the right to put it here.
    ///
    /// # Errors
    /// If the wait was interrupted, or of the file system.
    pub fn ask(
        &self,
        (name, made_from): (&str, &str),
        patience: Patience,
        (stop, observer): (&AtomicBool, &dyn Observer),
        take: impl Fn() -> Result<bool, ExperimentError>,
    ) -> Result<Asked, ExperimentError> {
        Self::ask_all(
            Some(self),
            &mut vec![(name, made_from)],
            |&(name, made_from)| (name.to_owned(), made_from.to_owned()),
            patience,
            (stop, observer),
            |missing| {
                if take()? {
                    missing.clear();
                }
                Ok(())
            },
        )
    }

    /// Takes what is known of several pieces of work by `take`, which leaves the
    /// others in `missing`, and for those the right to put them here, where work
    /// is shared. `named` gives a piece's name and identity.
    ///
    /// # Errors
    /// If the wait was interrupted, or of the file system.
    pub fn ask_all<T>(
        shelf: Option<&Self>,
        missing: &mut Vec<T>,
        named: impl Fn(&T) -> (String, String),
        patience: Patience,
        (stop, observer): (&AtomicBool, &dyn Observer),
        mut take: impl FnMut(&mut Vec<T>) -> Result<(), ExperimentError>,
    ) -> Result<Asked, ExperimentError> {
        take(missing)?;
        if missing.is_empty() {
            return Ok(Asked::Taken);
        }
        let Some(shelf) = shelf else {
            return Ok(Asked::Missing(None));
        };
        let Some(claim) = shelf.claim(patience, stop, observer)? else {
            return Ok(Asked::Busy);
        };
        for piece in missing.iter() {
            let (name, made_from) = named(piece);
            claim.mend(&name, &made_from, observer)?;
        }
        // another process may have put them here since
        take(missing)?;
        Ok(match missing.is_empty() {
            true => Asked::Taken,
            false => Asked::Missing(Some(claim)),
        })
    }

    /// Takes the right to put work here; none while another process has it and
    /// this one would rather do something else.
    fn claim(
        &self,
        patience: Patience,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> Result<Option<Claim>, ExperimentError> {
        let mut told = false;
        let lease = take_lease(&self.dir, stop, |holder, _| {
            if patience == Patience::Later {
                return false;
            }
            if !told {
                told = true;
                observer.event(Event::Note(&format!(
                    "waiting for work that another run needs as well: {} is made by {holder}",
                    self.place
                )));
            }
            true
        })?;
        let Ok(lease) = lease else {
            return Ok(None);
        };
        remove_temporaries(&self.dir)
            .map_err(|e| ExperimentError::io("remove temporary files in", &self.dir, e))?;
        Ok(Some(Claim {
            shelf: self.clone(),
            _lease: lease,
        }))
    }

    fn proof(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.json"))
    }

    fn files(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

impl Claim {
    /// Sets aside, and names, what of a piece of work is not what it was.
    fn mend(
        &self,
        name: &str,
        made_from: &str,
        observer: &dyn Observer,
    ) -> Result<(), ExperimentError> {
        let (proof, files) = (self.shelf.proof(name), self.shelf.files(name));
        Proof::holds(&proof, &files, made_from, observer).map(drop)
    }

    /// Puts a finished piece of work onto the shelf: links to its files, then
    /// their proof. What fails is told and is no failure: the run has its work.
    ///
    /// `proof` is the run's, of files in `dir`: their hashes as they were made.
    pub fn publish(
        &self,
        name: &str,
        (proof, dir): (&Proof, &Path),
        files: &[NamedFile],
        observer: &dyn Observer,
    ) {
        if let Err(error) = self.put(name, (proof, dir), files) {
            let because = std::error::Error::source(&error);
            let because = because.map(|source| format!(": {source}"));
            observer.event(Event::Warning(&format!(
                "{error}{}; other runs will have to make this work themselves",
                because.unwrap_or_default()
            )));
        }
    }

    fn put(
        &self,
        name: &str,
        (proof, dir): (&Proof, &Path),
        files: &[NamedFile],
    ) -> Result<(), ExperimentError> {
        let there = self.shelf.files(name);
        let mut artifacts = BTreeMap::new();
        for (file, path) in files {
            let to = there.join(file);
            layerprobe_durable::link(path, &to)
                .map_err(|e| ExperimentError::io("put into the store", &to, e))?;
            let hash = proof.hash_of(dir, path).ok_or_else(|| {
                let problem = std::io::Error::other("its proof does not name it");
                ExperimentError::io("put into the store", path, problem)
            })?;
            artifacts.insert(file.clone(), hash.to_owned());
        }
        let proof = Proof {
            made_from: proof.made_from.clone(),
            artifacts,
        };
        proof.write(&self.shelf.proof(name))
    }
}

/// Copies a file if it has this hash, which is taken of the very bytes that are
/// written. A file that is not there or cannot be read has it not.
fn copy_proven(from: &Path, to: &Path, hash: &str) -> Result<bool, ExperimentError> {
    let failed = |e| ExperimentError::io("copy", to, e);
    let Ok(mut source) = File::open(from) else {
        return Ok(false);
    };
    let mut hasher = blake3::Hasher::new();
    let mut pending = Pending::create(to).map_err(failed)?;
    let mut block = vec![0; BLOCK];
    loop {
        let read = match source.read(&mut block) {
            Ok(0) => break,
            Ok(read) => block.get(..read).unwrap_or_default(),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Ok(false),
        };
        hasher.update(read);
        pending.write_all(read).map_err(failed)?;
    }
    if hasher.finalize().to_hex().as_str() != hash {
        return Ok(false);
    }
    pending.commit().map_err(failed)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Mutex;

    use super::*;
    use crate::experiment::events::Silent;
    use crate::experiment::store::Store;

    fn now(shelf: &Shelf) -> Option<Claim> {
        let stop = AtomicBool::new(false);
        shelf.claim(Patience::Later, &stop, &Silent).unwrap()
    }

    #[test]
    fn work_goes_in_and_comes_out_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Store::open(&dir.path().join("store"))
            .unwrap()
            .shelf("probes", "work");
        let (table, out) = (dir.path().join("run/a.csv"), dir.path().join("other/b.csv"));
        layerprobe_durable::write(&table, b"1,2\n").unwrap();
        let files = [("table.csv".to_owned(), table.clone())];
        let place = |file: &str| (file == "table.csv").then(|| out.clone());
        assert!(shelf.take("fc1", "work", place).unwrap().is_none());

        let claim = now(&shelf).unwrap();
        assert!(now(&shelf).is_none(), "claimed once");
        let run = dir.path().join("run");
        let proof = Proof::of("work", &run, [table.as_path()]).unwrap();
        let made = (&proof, run.as_path());
        claim.publish("fc1", made, &files, &Silent);
        drop(claim);
        assert!(shelf.take("fc1", "work", place).unwrap().is_some());
        assert_eq!(fs::read(&out).unwrap(), b"1,2\n");
        for (name, work) in [("fc2", "work"), ("fc1", "other work")] {
            assert!(shelf.take(name, work, place).unwrap().is_none());
        }
        assert!(shelf.take("fc1", "work", |_| None).unwrap().is_none());

        // altered in place, in the run and so in the store: found by its hash
        fs::write(&table, b"1,3\n").unwrap();
        fs::remove_file(&out).unwrap();
        assert!(shelf.take("fc1", "work", place).unwrap().is_none());
        assert!(!out.exists(), "no copy of it takes the place");
        #[derive(Default)]
        struct Heard(Mutex<String>);
        impl Observer for Heard {
            fn event(&self, event: Event<'_>) {
                if let Event::Warning(text) = event {
                    self.0.lock().unwrap().push_str(text);
                }
            }
        }
        let heard = Heard::default();
        let claim = now(&shelf).unwrap();
        claim.mend("fc1", "work", &heard).unwrap();
        assert!(heard.0.lock().unwrap().contains("fc1/table.csv"));
        layerprobe_durable::write(&table, b"1,2\n").unwrap();
        claim.publish("fc1", made, &files, &Silent);
        assert!(shelf.take("fc1", "work", place).unwrap().is_some());
        // what cannot be put there is told
        let gone = [("x".to_owned(), dir.path().join("gone"))];
        claim.publish("fc3", made, &gone, &heard);
        assert!(
            heard
                .0
                .lock()
                .unwrap()
                .contains("make this work themselves")
        );
        assert!(!shelf.proof("fc3").exists());
    }

    #[test]
    fn a_proof_cannot_name_files_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Store::open(dir.path()).unwrap().shelf("probes", "work");
        let outside = dir.path().join("outside");
        layerprobe_durable::write(&outside, b"x").unwrap();
        let hash = blake3::hash(b"x").to_hex().to_string();
        for file in ["../../../outside", outside.to_str().unwrap()] {
            let proof = Proof {
                made_from: "work".to_owned(),
                artifacts: [(file.to_owned(), hash.clone())].into(),
            };
            proof.write(&shelf.proof("fc1")).unwrap();
            let to = |_: &str| Some(dir.path().join("copy"));
            assert!(shelf.take("fc1", "work", to).unwrap().is_none());
        }
    }

    #[test]
    fn one_who_waits_takes_over_from_the_dead_and_can_be_stopped() {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Store::open(dir.path()).unwrap().shelf("training", "work");
        let claim = now(&shelf).unwrap();
        let stopped = shelf.claim(Patience::Wait, &AtomicBool::new(true), &Silent);
        assert!(matches!(stopped, Err(ExperimentError::Interrupted)));
        let waiting = shelf.clone();
        let waiter = std::thread::spawn(move || {
            let stop = AtomicBool::new(false);
            waiting.claim(Patience::Wait, &stop, &Silent).unwrap()
        });
        drop(claim);
        assert!(waiter.join().unwrap().is_some());
    }
}
