//! Damaged files of every kind: readers answer with an error or with what is
//! there, never with a panic, and take no more memory than a file's size
//! explains, whatever numbers stand in it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod allocation;
mod bodies;
mod damage;
mod seeds;

use std::fs;

use proptest::prelude::*;

use allocation::{allowed, most_allocated};
use bodies::BODIES;
use damage::{Damage, damage};

/// Damaged files of each kind; `LAYERPROBE_READERS_CASES` asks for more.
fn cases() -> u32 {
    let asked = std::env::var("LAYERPROBE_READERS_CASES");
    asked.ok().and_then(|n| n.parse().ok()).unwrap_or(200)
}

#[test]
fn damaged_files_are_errors_and_take_no_more_than_their_size_explains() {
    let dir = tempfile::tempdir().unwrap();
    for body in BODIES {
        let seeds = (body.seeds)();
        let path = dir.path().join(body.file);
        let read = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            let (accepted, most) = most_allocated(|| (body.read)(&path));
            assert!(
                most <= allowed(bytes.len()),
                "{}: {most} bytes taken for a file of {}",
                body.name,
                bytes.len()
            );
            accepted
        };
        for seed in &seeds {
            assert!(read(seed), "{}: a whole file is read", body.name);
        }
        let config = ProptestConfig {
            cases: cases(),
            failure_persistence: None,
            rng_seed: proptest::test_runner::RngSeed::Fixed(0),
            ..ProptestConfig::default()
        };
        let whole = any::<prop::sample::Index>();
        let harm = prop::collection::vec(any::<Damage>(), 1..6);
        let noise = prop::collection::vec(any::<u8>(), 0..300);
        proptest!(config, |(whole in whole, harm in harm, noise in noise, only_noise in prop::bool::weighted(0.1))| {
            let mut bytes = match only_noise {
                true => noise,
                false => seeds[whole.index(seeds.len())].clone(),
            };
            for harm in &harm {
                damage(&mut bytes, harm);
            }
            read(&bytes);
        });
    }
}
