//! Memory maps: the one place where they are made.

#![allow(
    unsafe_code,
    reason = "the one memory map: a file that this process alone writes"
)]

use std::fs::File;
use std::io;
use std::ops::Range;

use memmap2::Mmap;

/// A file of ours, read through the address space.
#[derive(Debug)]
pub struct Mapped(Mmap);

impl Mapped {
    /// Maps a whole file.
    ///
    /// # Errors
    /// If the system cannot map it.
    pub fn new(file: &File) -> io::Result<Self> {
        // SAFETY: a map is unsound while someone else changes or shortens its
        // file. This one has no name (a `BlockWriter` made it so), was written
        // by this process alone, and nothing writes to it any more; the check
        // of its hashes comes next.
        let map = unsafe { Mmap::map(file)? };
        Ok(Self(map))
    }

    /// The numbers in a range of bytes; none if the range does not lie in the
    /// file or does not begin where a number may.
    pub fn numbers(&self, bytes: Range<usize>) -> &[f32] {
        let bytes = self.0.get(bytes).unwrap_or(&[]);
        bytemuck::try_cast_slice(bytes).unwrap_or(&[])
    }

    /// Lets go of the memory that pages in a range of bytes occupy in this
    /// process. They are read from the file when they are next looked at.
    pub fn release(&self, bytes: Range<usize>) {
        #[cfg(unix)]
        {
            let advice = memmap2::UncheckedAdvice::DontNeed;
            // SAFETY: the map is shared and read-only: its pages hold what the
            // file holds, whether they are dropped or not, also for those who
            // read them at this moment.
            let done = unsafe {
                self.0
                    .unchecked_advise_range(advice, bytes.start, bytes.len())
            };
            // advice that is not taken costs memory, not correctness
            let _ = done;
        }
        #[cfg(not(unix))]
        let _ = bytes;
    }
}
