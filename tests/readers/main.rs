//! Damaged files of every kind: readers answer with an error or with what is
//! there, never with a panic, and take no more memory than a file's size
//! explains, whatever numbers stand in it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod allocation;
mod bodies;
mod damage;
mod seeds;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use layerprobe::activations::Matrix;
use layerprobe::foreign::ForeignFile;
use npyz::npz::NpzWriter;
use proptest::prelude::*;

use allocation::{allowed, most_allocated};
use bodies::{BODIES, explaining};
use damage::{Damage, damage};
use seeds::array_file;

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
            let allowed = allowed(explaining(&path));
            let (accepted, most) = most_allocated(|| (body.read)(&path));
            assert!(
                most <= allowed,
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

/// Writes an archive with one file, compressed, `a.npy`.
fn write_archive(path: &Path, file: &[u8]) {
    let mut archive = NpzWriter::new(File::create(path).unwrap());
    let zip = archive.zip_writer();
    zip.start_file("a.npy", Default::default()).unwrap();
    zip.write_all(file).unwrap();
    zip.finish().unwrap();
}

#[test]
fn shapes_that_no_machine_can_count_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    let (plain, packed) = (dir.path().join("a.npy"), dir.path().join("a.npz"));
    for shape in [
        "(4294967296, 4294967296)",
        "(4294967296, 4294967296, 0)",
        "(0, 4294967296, 4294967296)",
        "(4294967295 + 1, 0x100000000)",
        // they can be counted, but not their bytes, or the header's beside them
        "(4294967295, 4294967296)",
        "(2305843009213693950, 1)",
        "(1, 2305843009213693950)",
    ] {
        for order in ["False", "True"] {
            let file = array_file("<f8", order, shape, &[0; 96]);
            fs::write(&plain, &file).unwrap();
            write_archive(&packed, &file);
            for path in [&plain, &packed] {
                let refused = ForeignFile::open(path, None);
                assert!(refused.is_err(), "{} with {shape}", path.display());
            }
        }
    }
}

#[test]
fn an_archive_takes_memory_for_what_comes_out_of_it_not_for_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.npz");
    // 3.2 GB by its header, and by the archive's list of files
    for shape in ["(40, 20000000)", "(20000000, 40)"] {
        let header = array_file("<f4", "False", shape, &[]);
        write_archive(&path, &header);
        let mut bytes = fs::read(&path).unwrap();
        let entry = bytes.windows(4).position(|four| four == b"PK\x01\x02");
        let length = entry.unwrap() + 24;
        let said = header.len() as u32 + 3_200_000_000;
        bytes[length..length + 4].copy_from_slice(&said.to_le_bytes());
        fs::write(&path, &bytes).unwrap();

        let file = ForeignFile::open(&path, None).unwrap();
        let (read, most) = most_allocated(|| file.read(&file.arrays()[0], None));
        assert!(read.is_err(), "{shape}: none of its numbers is there");
        assert!(most <= allowed(bytes.len()), "{shape}: {most} bytes taken");
    }
}

#[test]
fn a_compressed_array_is_read_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.npz");
    // rows of more numbers than are taken at a time, and many of fewer
    for (rows, dim) in [(3, 300_001), (9001, 100)] {
        let values: Vec<f32> = (0..rows * dim).map(|i| (i % 251) as f32).collect();
        let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        let shape = format!("({rows}, {dim})");
        write_archive(&path, &array_file("<f4", "False", &shape, &bytes));
        let file = ForeignFile::open(&path, None).unwrap();
        let (read, most) = most_allocated(|| file.read(&file.arrays()[0], None));
        let Matrix::Memory(found) = read.unwrap().matrix else {
            panic!("it is read into memory");
        };
        assert!(found == values, "{shape}");
        assert!(
            most < 4 * bytes.len() + (8 << 20),
            "{shape}: {most} bytes taken"
        );
    }
}
