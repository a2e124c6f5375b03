//! What training takes from a configuration beside the network: which stimuli, and the
//! order in which it sees them.

use std::sync::atomic::AtomicBool;

use layerprobe::config::Config;
use layerprobe::experiment::{self, Execution, ExperimentStimuli, Silent, Streams};
use layerprobe::training::{Checkpoint, ImageStore, Normalization};

/// One network, one epoch.
fn load(more: &[&str]) -> Config {
    let shortest = [
        "training.targets=['shape']",
        "training.epochs=1",
        "checkpoints.count=2",
    ];
    let settings = shortest.iter().chain(more);
    let settings: Vec<String> = settings.map(|setting| (*setting).to_owned()).collect();
    Config::load("smoke", &settings).unwrap()
}

/// The network before its training and after it.
fn trained(config: &Config) -> [Checkpoint; 2] {
    let dir = tempfile::tempdir().unwrap();
    let (execution, never) = (Execution::default(), AtomicBool::new(false));
    experiment::train(config, dir.path(), &execution, &never, &Silent).unwrap();
    let condition = "conditions/trifeature-shape-cnn4-split0-seed0";
    // 343 stimuli make 6 batches of 64
    ["step-000000", "step-000006"].map(|name| {
        let file = format!("{condition}/checkpoints/{name}.safetensors");
        Checkpoint::read(&dir.path().join(file)).unwrap()
    })
}

#[test]
fn images_are_normalized_by_those_that_are_trained_on() {
    let config = load(&[]);
    let streams = Streams::new(&config.seeds);
    let stimuli = ExperimentStimuli::new(&config.stimulus_sections(), &streams).unwrap();
    let set = stimuli.set.as_ref();
    let (side, size) = (set.image_size(), 3 * set.image_size() * set.image_size());
    let of = |indices: &[usize]| {
        let mut pixels = vec![0u8; size * indices.len()];
        for (image, &index) in pixels.chunks_exact_mut(size).zip(indices) {
            set.render_into(index, image);
        }
        let store = ImageStore::new(side, pixels).unwrap();
        let places: Vec<usize> = (0..store.len()).collect();
        Normalization::of(&store, &places)
    };
    let expected = of(&stimuli.versions[0].split.train);
    let all: Vec<usize> = (0..set.len()).collect();
    assert_ne!(expected, of(&all));
    for checkpoint in trained(&config) {
        assert_eq!(checkpoint.header.normalization, expected);
    }
}

#[test]
fn the_seed_of_the_order_decides_what_is_learned_and_not_from_where() {
    let [first, last] = trained(&load(&[]));
    // the master seed, once more
    let [same_first, same_last] = trained(&load(&["seeds.order=0"]));
    assert!(same_first == first && same_last == last);
    let [other_first, other_last] = trained(&load(&["seeds.order=1"]));
    assert!(other_first.network == first.network);
    assert!(other_last.network != last.network);
    assert!(last.network != first.network);
}
