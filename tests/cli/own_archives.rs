//! Activations in NumPy's archives (`.npz`), which hold several arrays.

use std::fs::{self, File};
use std::path::Path;

use npyz::WriterBuilder;
use npyz::npz::NpzWriter;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use crate::folder::layerprobe;
use crate::own_activations::{STIMULI, activations, arguments, split, write_labels};

/// The same activations twice: as a map `conv` of 3 channels, and as vectors `fc`.
fn write_npz(path: &Path) {
    let mut archive = NpzWriter::new(File::create(path).unwrap());
    for (name, shape) in [("conv", &[120, 3, 2][..]), ("fc", &[120, 6])] {
        let mut array = archive
            .array(name, Default::default())
            .unwrap()
            .default_dtype()
            .shape(shape)
            .begin_nd()
            .unwrap();
        array.extend(activations()).unwrap();
        array.finish().unwrap();
    }
}

#[test]
fn every_array_of_an_archive_is_a_layer() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    write_npz(&at("two.npz"));
    write_labels(&at("labels.csv"), STIMULI, split);
    let whole = ["--activations", "two.npz"];
    let probe = |more: &[&str]| {
        layerprobe(dir.path())
            .args(arguments(&[&whole[..], more].concat()))
            .assert()
    };
    let accuracies = || -> Vec<(String, u64, f64)> {
        let rows = layerprobe_reports::read_results(at("results.csv")).unwrap();
        let accuracies = rows.into_iter().filter(|row| row.metric == "accuracy");
        let cells = accuracies.map(|row| (row.layer, row.dim.unwrap(), row.value));
        cells.collect()
    };
    probe(&[])
        .success()
        .stdout(contains("conv").and(contains("fc")));
    let fc = ("fc".to_owned(), 6, 1.0);
    assert_eq!(accuracies(), [("conv".to_owned(), 6, 1.0), fc.clone()]);
    probe(&["--layers", "fc"]).success();
    assert_eq!(accuracies(), [fc]);
    fs::remove_file(at("results.csv")).unwrap();

    let refused = |bytes: &[u8], said: &str| {
        fs::write(at("two.npz"), bytes).unwrap();
        probe(&[])
            .code(2)
            .stderr(contains("two.npz: not a whole array file").and(contains(said)));
        assert!(!at("results.csv").exists(), "{said}: results were written");
    };
    let bytes = fs::read(at("two.npz")).unwrap();
    refused(&bytes[..bytes.len() / 2], "central directory");
    refused(&bytes[..bytes.len() - 10], "central directory");
    refused(&[], "invalid Zip archive");
    // whole by its length, but a number in it is another
    let mut flipped = bytes.clone();
    flipped[1000] ^= 0x10;
    refused(&flipped, "checksum");
}
