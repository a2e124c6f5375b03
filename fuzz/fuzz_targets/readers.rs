//! Every reader under libFuzzer: the first byte of an input says which, the
//! rest is its file. The same readers, whole files and bounds as in
//! `tests/readers`.

#![no_main]
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

#[path = "../../tests/readers/allocation.rs"]
mod allocation;
#[path = "../../tests/readers/bodies.rs"]
mod bodies;
#[path = "../../tests/readers/seeds.rs"]
mod seeds;

use allocation::{allowed, most_allocated};
use bodies::{BODIES, explaining};

thread_local! {
    static FOLDER: RefCell<TempDir> = RefCell::new(folder());
}

/// In memory where the system has such a place: millions of files are written.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory).unwrap(),
        false => tempfile::tempdir().unwrap(),
    }
}

fuzz_target!(
    init: {
        // whole files to begin with, beside what the corpus has
        if let Some(corpus) = std::env::args().skip(1).find(|word| !word.starts_with('-')) {
            for (number, body) in BODIES.iter().enumerate() {
                for (copy, seed) in (body.seeds)().iter().enumerate() {
                    let name = format!("{}-{copy}", body.name.replace(' ', "-"));
                    let input = [&[number as u8], &seed[..]].concat();
                    fs::write(Path::new(&corpus).join(name), input).unwrap();
                }
            }
        }
    },
    |input: &[u8]| {
        let Some((first, bytes)) = input.split_first() else {
            return;
        };
        let body = &BODIES[usize::from(*first) % BODIES.len()];
        FOLDER.with_borrow(|folder| {
            let path = folder.path().join(body.file);
            fs::write(&path, bytes).unwrap();
            let allowed = allowed(explaining(&path));
            let (_, most) = most_allocated(|| (body.read)(&path));
            assert!(most <= allowed, "{}: {most} bytes taken", body.name);
        });
    }
);
