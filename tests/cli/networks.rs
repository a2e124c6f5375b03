//! Other stimuli and networks than those of the preset `smoke`, as few and as small.

use layerprobe_reports::read_results;

use crate::folder::{assert_same, layerprobe, results};

/// Both ends of one epoch.
const SHORTEST: [&str; 3] = [
    "training.epochs=1",
    "checkpoints.count=2",
    "probes.penalties=[10]",
];

/// Runs `smoke` with these settings, at one thread and at two, and expects the same bytes.
/// Says what each accuracy is of: stimuli, network, step, layer, its dimensions, feature.
fn accuracies(settings: &[&str]) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let run = |threads: &str| {
        let mut command = layerprobe(dir.path());
        command.args(["run", "smoke", "--quiet"]);
        command.args(["--threads", threads, "--out", threads]);
        for setting in SHORTEST.iter().chain(settings) {
            command.args(["--set", setting]);
        }
        command.assert().success();
        results(&dir.path().join(threads))
    };
    let one = run("1");
    assert!(one.contains_key("results.csv"));
    assert_same(&one, &run("2"));
    let rows = read_results(dir.path().join("1/results.csv")).unwrap();
    let accuracies = rows.iter().filter(|row| row.metric == "accuracy");
    let of_what = accuracies.map(|row| {
        let (dataset, arch) = (&row.dataset, &row.arch);
        let (step, layer, dim) = (row.step.unwrap(), &row.layer, row.dim.unwrap());
        format!("{dataset} {arch} {step} {layer} {dim} {}", row.feature)
    });
    of_what.collect()
}

#[test]
fn letters_are_read_from_a_perceptron() {
    let found = accuracies(&[
        "stimuli.dataset=navon",
        "stimuli.image_size=64",
        "stimuli.large_letter=57",
        "stimuli.small_letter=7",
        "split.held_out=20",
        "network.arch=mlp",
        "training.targets=['shape']",
        "probes.layers=['fc1']",
        "probes.features=['shape', 'texture']",
    ]);
    // 170 stimuli of 6 letters make 3 batches of 64
    let expected = [
        "navon mlp 0 fc1 256 shape",
        "navon mlp 0 fc1 256 texture",
        "navon mlp 3 fc1 256 shape",
        "navon mlp 3 fc1 256 texture",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_residual_network_is_trained_and_read() {
    let found = accuracies(&[
        "split.held_out=5",
        "network.arch=resnet18",
        "training.targets=['color']",
        "probes.layers=['layer1', 'post_pool']",
        "probes.features=['color']",
    ]);
    // 125 stimuli of 5 values make 2 batches of 64
    let expected = [
        "trifeature resnet18 0 layer1 4096 color",
        "trifeature resnet18 0 post_pool 512 color",
        "trifeature resnet18 2 layer1 4096 color",
        "trifeature resnet18 2 post_pool 512 color",
    ];
    assert_eq!(found, expected);
}
