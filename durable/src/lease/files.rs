//! The files of a folder's leases.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::holder::Holder;

/// Where they lie in the folder.
pub(crate) const FOLDER: &str = ".lease";

/// The leases of one folder.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    folder: PathBuf,
}

/// What the newest lease says.
pub(super) enum State {
    /// It was given back, or the system says that its holder has ended.
    Free,
    /// It has a holder.
    Held {
        holder: Holder,
        /// Whether the system says that its process is there, if only hanging.
        locked: bool,
    },
}

impl Files {
    pub(super) fn at(root: &Path) -> Self {
        Self {
            folder: root.join(FOLDER),
        }
    }

    /// Makes the folder if needed. Its path is kept whole, so that it stays
    /// the same when the process changes its own folder.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root.join(FOLDER))?;
        Ok(Self {
            folder: fs::canonicalize(root.join(FOLDER))?,
        })
    }

    fn lease(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:08}"))
    }

    /// Locked as long as the holder lives; a file of its own, since some
    /// systems let nobody read a locked file.
    fn lock(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:08}.lock"))
    }

    /// There once the lease is given back.
    fn free(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:08}.free"))
    }

    /// Counted up by the holder.
    pub(super) fn counter(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:08}.count"))
    }

    /// What the counter says; 0 before its first count.
    pub(super) fn count(&self, number: u64) -> u64 {
        let text = fs::read_to_string(self.counter(number)).unwrap_or_default();
        text.trim().parse().unwrap_or(0)
    }

    /// The greatest number.
    pub(crate) fn greatest(&self) -> io::Result<Option<u64>> {
        let mut greatest = None;
        for entry in fs::read_dir(&self.folder)? {
            let number = entry?.file_name().to_str().and_then(|n| n.parse().ok());
            greatest = greatest.max(number);
        }
        Ok(greatest)
    }

    /// Who has the lease of a number, as it was written.
    pub(crate) fn holder_of(&self, number: u64) -> Option<Holder> {
        Holder::from_text(&fs::read_to_string(self.lease(number)).ok()?)
    }

    /// The newest lease.
    pub(super) fn newest(&self) -> io::Result<Option<(u64, State)>> {
        let number = match self.greatest() {
            Ok(Some(number)) => number,
            Ok(None) => return Ok(None),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        if self.free(number).exists() {
            return Ok(Some((number, State::Free)));
        }
        // a lease that is not whole yet, or never will be: its counter tells
        let holder = self.holder_of(number);
        let locked = match &holder {
            Some(holder) if holder.is_local() => self.is_locked(number),
            _ => None,
        };
        let state = match locked {
            Some(false) => State::Free,
            locked => State::Held {
                holder: holder.unwrap_or_default(),
                locked: locked.unwrap_or(false),
            },
        };
        Ok(Some((number, state)))
    }

    /// Whether the lock is held, where the system tells. Those who ask share
    /// it, and so never take each other for the holder.
    fn is_locked(&self, number: u64) -> Option<bool> {
        let file = File::open(self.lock(number)).ok()?;
        match file.try_lock_shared() {
            Ok(()) => Some(false),
            Err(TryLockError::WouldBlock) => Some(true),
            Err(TryLockError::Error(_)) => None,
        }
    }

    /// Takes a number and returns its lock; none if another was quicker.
    pub(super) fn create(&self, number: u64) -> io::Result<Option<File>> {
        let lease = self.lease(number);
        let made = File::options().write(true).create_new(true).open(&lease);
        let mut file = match made {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
            Err(e) => return Err(e),
        };
        // a greater number may be there already, its holder having removed
        // this one between our look and our taking it
        if self.greatest()? != Some(number) {
            let _ = fs::remove_file(&lease);
            return Ok(None);
        }
        let lock = File::create(self.lock(number))?;
        let mut holder = Holder::this_process();
        if let Err(TryLockError::Error(_)) = lock.try_lock() {
            // no locks here: the counter alone tells
            holder.kernel.clear();
        }
        // the holder's name comes after the lock, so that nobody who reads it
        // can find the lock free
        let written = file
            .write_all(holder.to_text().as_bytes())
            .and_then(|()| file.sync_all());
        if let Err(error) = written {
            let _ = fs::remove_file(&lease);
            return Err(error);
        }
        Ok(Some(lock))
    }

    pub(super) fn set_free(&self, number: u64) {
        // if this fails, the lock and the counter tell
        let _ = File::create(self.free(number));
    }

    /// Removes what earlier leases left.
    pub(super) fn remove_before(&self, number: u64) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        for entry in entries.filter_map(Result::ok) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let of = name.split('.').next().and_then(|n| n.parse::<u64>().ok());
            if of.is_some_and(|of| of < number) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}
