//! Each reader, given a file.

use std::fs;
use std::io::Read;
use std::path::Path;

use layerprobe::activations::extract::Weights;
use layerprobe::config::{BinaryConfig, Config};
use layerprobe::experiment::standing;
use layerprobe::foreign::{ForeignFile, Labels};
use layerprobe::sweep::Sweep;
use layerprobe::training::{Checkpoint, read_log};
use layerprobe_reports::claims::Claims;
use layerprobe_reports::{read_by_value, read_confusions, read_results};
use npyz::npz::NpzArchive;

use super::seeds;

/// A reader under test.
pub struct Body {
    pub name: &'static str,
    /// The file's name, by which some readers know its kind.
    pub file: &'static str,
    /// Whole files.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Reads; whether the file was accepted.
    pub read: fn(&Path) -> bool,
}

const fn body(
    name: &'static str,
    file: &'static str,
    seeds: fn() -> Vec<Vec<u8>>,
    read: fn(&Path) -> bool,
) -> Body {
    Body {
        name,
        file,
        seeds,
        read,
    }
}

pub const BODIES: &[Body] = &[
    body(
        "configuration",
        "config.toml",
        seeds::configurations,
        |path| text(path).is_some_and(|text| Config::from_toml("config.toml", &text).is_ok()),
    ),
    body("configuration of bits", "bits.toml", seeds::bits, |path| {
        text(path).is_some_and(|text| {
            let known = BinaryConfig::is_text_of_one(&text);
            known & BinaryConfig::from_toml("bits.toml", &text).is_ok()
        })
    }),
    body("claims", "claims.toml", seeds::claims, |path| {
        text(path).is_some_and(|text| Claims::parse(&text).is_ok())
    }),
    body("sweep", "sweep.toml", seeds::sweeps, |path| {
        Sweep::load(path).is_ok()
    }),
    body("labels", "labels.csv", seeds::labels, |path| {
        Labels::read(path, None).is_ok()
    }),
    body("results", "results.csv", seeds::results, |path| {
        read_results(path).is_ok()
    }),
    body("by value", "by_value.csv", seeds::by_value, |path| {
        read_by_value(path).is_ok()
    }),
    body("confusion", "confusion.csv", seeds::confusions, |path| {
        read_confusions(path).is_ok()
    }),
    body("training log", "training.csv", seeds::logs, |path| {
        read_log(path).is_ok()
    }),
    body("npy", "a.npy", seeds::npy, arrays),
    body("npz", "a.npz", seeds::npz, arrays),
    body("safetensors", "a.safetensors", seeds::safetensors, arrays),
    body("weights", "w.safetensors", seeds::safetensors, |path| {
        Weights::read(path).is_ok()
    }),
    body("checkpoint", "c.safetensors", seeds::checkpoints, |path| {
        Checkpoint::read(path).is_ok()
    }),
    // a manifest that cannot be read is one that is not there
    body("manifest", "manifest.json", seeds::manifests, |path| {
        let folder = path.parent().unwrap();
        let config = Config::load("smoke", &[]).unwrap();
        standing(folder, &config).is_ok()
    }),
];

/// Bytes that explain the memory that a file takes: those that it has and, if it is
/// an archive, those that it unpacks to.
pub fn explaining(path: &Path) -> usize {
    let own = fs::metadata(path).unwrap().len() as usize;
    match path.extension().is_some_and(|kind| kind == "npz") {
        true => own + unpacked(path),
        false => own,
    }
}

/// Bytes that come out of an archive, whatever it says.
fn unpacked(path: &Path) -> usize {
    let Ok(mut archive) = NpzArchive::open(path) else {
        return 0;
    };
    let files = archive.zip_archive();
    let mut bytes = 0;
    let mut buffer = [0; 1 << 13];
    for place in 0..files.len() {
        if let Ok(mut file) = files.by_index(place) {
            while let Ok(read @ 1..) = file.read(&mut buffer) {
                bytes += read;
            }
        }
    }
    bytes
}

fn text(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// Reads every array that a file says it has.
fn arrays(path: &Path) -> bool {
    let Ok(file) = ForeignFile::open(path, None) else {
        return false;
    };
    let mut arrays = file.arrays().iter();
    arrays.all(|array| file.read(array, None).is_ok())
}
