mod steps;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use layerprobe_streams::StreamKey;
use proptest::prelude::*;

use super::*;
use crate::models::{Arch, ImageBatch, Network, Workspace};
use crate::nn::optimizers::{AdamParams, OptimizerParams, SgdParams};

const CLASSES: usize = 3;

/// Small random images whose brightest channel is their class.
fn store(n: usize) -> ImageStore {
    store_of(n, 16)
}

fn store_of(n: usize, side: usize) -> ImageStore {
    let mut stream = StreamKey::from_seed(9).at(0);
    let mut pixels = Vec::new();
    for image in 0..n {
        for at in 0..side * side * 3 {
            let bright = if at % 3 == image % CLASSES { 80 } else { 0 };
            pixels.push(bright + stream.below(120) as u8);
        }
    }
    ImageStore::new(side, pixels).unwrap()
}

fn examples(store: &ImageStore, range: std::ops::Range<usize>) -> Examples {
    let labels = range.clone().map(|i| (i % CLASSES) as u32).collect();
    Examples::new(store, CLASSES, range.collect(), labels).unwrap()
}

fn plan() -> TrainingPlan {
    TrainingPlan {
        epochs: 3,
        batch_size: 8,
        optimizer: OptimizerParams::Adam(AdamParams {
            weight_decay: 1e-4,
            ..AdamParams::default()
        }),
        rate: RatePlan::default(),
        checkpoints: CheckpointSchedule::LogSpaced(5),
    }
}

/// Trains in `dir`; `stop_at` sets the stop flag after that step.
fn run(
    dir: &Path,
    stop_at: Option<u64>,
    snapshots: Duration,
) -> Result<TrainingOutcome, TrainingError> {
    run_plan(&plan(), dir, stop_at, snapshots)
}

fn run_plan(
    plan: &TrainingPlan,
    dir: &Path,
    stop_at: Option<u64>,
    snapshots: Duration,
) -> Result<TrainingOutcome, TrainingError> {
    run_arch((Arch::Cnn4, 16), plan, dir, stop_at, snapshots)
}

fn run_arch(
    (arch, side): (Arch, usize),
    plan: &TrainingPlan,
    dir: &Path,
    stop_at: Option<u64>,
    snapshots: Duration,
) -> Result<TrainingOutcome, TrainingError> {
    let store = store_of(52, side);
    let (train_set, validation) = (examples(&store, 0..37), examples(&store, 37..52));
    let data = TrainingData {
        store: &store,
        normalization: Normalization::of(&store, train_set.indices()),
        train: &train_set,
        validation: &validation,
    };
    let key = StreamKey::from_seed(4);
    let mut network = Network::new(arch, side, CLASSES, key)?;
    let stop = AtomicBool::new(false);
    let context = TrainingContext {
        dir,
        config_hash: "abc",
        stop: &stop,
        snapshot_every: snapshots,
        on_progress: &mut |progress| {
            assert_eq!(progress.total_steps, 5 * plan.epochs);
            if Some(progress.step) == stop_at {
                stop.store(true, Ordering::Relaxed);
            }
        },
    };
    train(&mut network, &data, &plan.check(37)?, key, context)
}

const NEVER: Duration = Duration::from_secs(3600);

/// What a training leaves in its folder, but for a snapshot.
fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for folder in [dir.to_owned(), dir.join("checkpoints")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && path != snapshot_path(dir) {
                let name = path.strip_prefix(dir).unwrap().display().to_string();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

#[test]
fn a_training_leaves_its_files_and_learns() {
    let dir = tempfile::tempdir().unwrap();
    let outcome = run(dir.path(), None, NEVER).unwrap();
    let files = contents(dir.path());
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "checkpoints/best.safetensors",
            "checkpoints/step-000000.safetensors",
            "checkpoints/step-000001.safetensors",
            "checkpoints/step-000002.safetensors",
            "checkpoints/step-000006.safetensors",
            "checkpoints/step-000015.safetensors",
            "training.csv",
        ]
    );
    let csv = String::from_utf8(files["training.csv"].clone()).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines[0],
        "step,epoch,loss,train_accuracy,validation_accuracy"
    );
    assert_eq!(lines.len(), 5);
    assert!(lines[1].starts_with("0,0,1.") && lines[4].starts_with("15,3,"));
    assert_eq!(outcome.steps, 15);
    assert_eq!(outcome.log.len(), 4);
    assert!(outcome.log[3].loss < outcome.log[0].loss);
    let kept = outcome.best.unwrap();
    assert!(kept.accuracy > 0.5);

    let roles = [
        (0, Role::Initial),
        (1, Role::Scheduled),
        (2, Role::Scheduled),
        (6, Role::Scheduled),
        (15, Role::Last),
    ];
    for ((step, path), (expected, role)) in outcome.checkpoints.iter().zip(roles) {
        let header = Checkpoint::read(path).unwrap().header;
        assert_eq!(
            (*step, header.step, header.role),
            (expected, expected, role)
        );
        assert_eq!(header.epoch, expected as f64 / 5.0);
        assert_eq!(header.config_hash, "abc");
        assert_eq!(header.layers.len(), 6);
    }
    let best = Checkpoint::read(&best_path(dir.path())).unwrap();
    assert_eq!(best.header.role, Role::BestValidation);
    assert_eq!(best.header.step, kept.step);

    // the best file's weights give the accuracy that was logged for them
    let store = store(52);
    let normalization = best.header.normalization;
    let batches = Batches::new(&store, &normalization, &best.network).unwrap();
    let measured = evaluate(
        &best.network,
        &mut Workspace::default(),
        &batches,
        &examples(&store, 37..52),
        8,
    );
    assert_eq!(measured.unwrap().accuracy, kept.accuracy);
}

#[test]
fn a_stopped_training_ends_with_the_same_bytes() {
    let undisturbed = tempfile::tempdir().unwrap();
    let outcome = run(undisturbed.path(), None, NEVER).unwrap();
    let expected = contents(undisturbed.path());
    // in mid-epoch, at an epoch's end, twice; each with a snapshot at once
    for stops in [vec![7], vec![5], vec![1, 12], vec![14]] {
        let dir = tempfile::tempdir().unwrap();
        for stop in &stops {
            let error = run(dir.path(), Some(*stop), NEVER).unwrap_err();
            assert!(
                matches!(error, TrainingError::Interrupted { step, total: 15 } if step == *stop),
                "{error}"
            );
            assert!(snapshot_path(dir.path()).exists());
        }
        assert_eq!(run(dir.path(), None, NEVER).unwrap().log, outcome.log);
        assert!(contents(dir.path()) == expected, "stopped at {stops:?}");
    }
}

/// A killed process leaves an older snapshot and newer files.
#[test]
fn a_killed_training_ends_with_the_same_bytes() {
    let undisturbed = tempfile::tempdir().unwrap();
    run(undisturbed.path(), None, NEVER).unwrap();
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), Some(4), NEVER).unwrap_err();
    let snapshot = fs::read(snapshot_path(dir.path())).unwrap();
    run(dir.path(), Some(11), Duration::ZERO).unwrap_err();
    fs::write(snapshot_path(dir.path()), snapshot).unwrap();
    run(dir.path(), None, NEVER).unwrap();
    assert!(contents(dir.path()) == contents(undisturbed.path()));
}

/// Every optimizer keeps its own state, and schedules count steps.
#[test]
fn every_optimizer_goes_on_in_mid_epoch() {
    let rate = |schedule| RatePlan {
        base: 1e-2,
        warmup_epochs: 0.6,
        schedule,
    };
    let sgd = SgdParams {
        momentum: 0.9,
        dampening: 0.3,
        ..SgdParams::default()
    };
    let step = RateSchedule::Step {
        epochs: 1,
        factor: 0.5,
    };
    let plans = [
        (OptimizerParams::AdamW(AdamParams::default()), rate(step)),
        (
            OptimizerParams::Sgd(sgd),
            rate(RateSchedule::Cosine { last: 0.0 }),
        ),
        (OptimizerParams::Sgd(SgdParams::default()), rate(step)),
    ];
    for (optimizer, rate) in plans {
        let plan = TrainingPlan {
            optimizer,
            rate,
            ..plan()
        };
        let undisturbed = tempfile::tempdir().unwrap();
        run_plan(&plan, undisturbed.path(), None, NEVER).unwrap();
        let dir = tempfile::tempdir().unwrap();
        for stop in [1, 7] {
            run_plan(&plan, dir.path(), Some(stop), NEVER).unwrap_err();
        }
        run_plan(&plan, dir.path(), None, NEVER).unwrap();
        assert!(
            contents(dir.path()) == contents(undisturbed.path()),
            "{plan:?}"
        );
    }
}

/// Running statistics and dropout go on too.
#[test]
fn every_architecture_goes_on_in_mid_epoch() {
    let plan = TrainingPlan {
        epochs: 1,
        checkpoints: CheckpointSchedule::LogSpaced(3),
        ..plan()
    };
    for arch in [(Arch::Mlp, 5), (Arch::AlexNet, 63), (Arch::ResNet18, 16)] {
        let undisturbed = tempfile::tempdir().unwrap();
        run_arch(arch, &plan, undisturbed.path(), None, NEVER).unwrap();
        let dir = tempfile::tempdir().unwrap();
        run_arch(arch, &plan, dir.path(), Some(2), NEVER).unwrap_err();
        run_arch(arch, &plan, dir.path(), None, NEVER).unwrap();
        assert!(
            contents(dir.path()) == contents(undisturbed.path()),
            "{arch:?}"
        );

        let first = Checkpoint::read(&checkpoint_path(dir.path(), 0)).unwrap();
        let last = Checkpoint::read(&checkpoint_path(dir.path(), 5)).unwrap();
        for (a, b) in first.network.tensors().zip(last.network.tensors()) {
            assert_ne!(a.values, b.values, "{} did not move", a.name);
        }
    }
}

#[test]
fn bytes_do_not_depend_on_threads() {
    let of = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let dir = tempfile::tempdir().unwrap();
        pool.install(|| run(dir.path(), None, NEVER)).unwrap();
        contents(dir.path())
    };
    let one = of(1);
    assert!(one == of(2));
    assert!(one == of(3));
}

#[test]
fn a_snapshot_of_other_work_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), Some(3), NEVER).unwrap_err();
    let path = snapshot_path(dir.path());
    let bytes = fs::read(&path).unwrap();
    let at = bytes.windows(5).position(|w| w == b"\"abc\\").unwrap();
    let mut other = bytes.clone();
    other[at + 1..at + 4].copy_from_slice(b"xyz");
    fs::write(&path, other).unwrap();
    let message = run(dir.path(), None, NEVER).unwrap_err().to_string();
    assert!(message.contains("xyz") && message.contains("abc") && message.contains("remove it"));

    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let message = run(dir.path(), None, NEVER).unwrap_err().to_string();
    assert!(message.contains("resume.safetensors"));
}

#[test]
fn a_snapshot_past_the_end_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), Some(7), NEVER).unwrap_err();
    let shorter = TrainingPlan {
        epochs: 1,
        ..plan()
    };
    let error = run_plan(&shorter, dir.path(), None, NEVER).unwrap_err();
    assert!(
        error.to_string().contains("step 7, expected below 5"),
        "{error}"
    );
}

#[test]
fn schedules_keep_the_first_and_the_last_step() {
    let steps = |schedule: CheckpointSchedule, total| schedule.steps(total).unwrap();
    use CheckpointSchedule::{Every, LogSpaced, Steps};
    assert_eq!(steps(LogSpaced(2), 540), [0, 540]);
    assert_eq!(steps(LogSpaced(3), 540), [0, 1, 540]);
    assert_eq!(steps(LogSpaced(8), 540), [0, 1, 3, 8, 23, 66, 189, 540]);
    assert_eq!(steps(LogSpaced(6), 5), [0, 1, 2, 3, 4, 5]);
    assert_eq!(steps(Every(4), 10), [0, 4, 8, 10]);
    assert_eq!(steps(Every(50), 10), [0, 10]);
    assert_eq!(steps(Steps(vec![7, 3, 7]), 10), [0, 3, 7, 10]);

    let error =
        |schedule: CheckpointSchedule, total| schedule.steps(total).unwrap_err().to_string();
    assert!(error(LogSpaced(1), 10).contains("2 or more"));
    assert!(error(LogSpaced(12), 10).contains("at most 11"));
    assert!(error(Every(0), 10).contains("every 0"));
    assert!(error(Steps(vec![2, 11]), 10).contains("step 11"));
}

proptest! {
    #[test]
    fn log_spaced_schedules_have_as_many_steps_as_asked(total in 1..5000u64, part in 0.0..1.0f64) {
        let count = 2 + (part * (total.min(60) - 1) as f64) as usize;
        let steps = CheckpointSchedule::LogSpaced(count).steps(total).unwrap();
        prop_assert_eq!(steps.len(), count);
        prop_assert!(steps.is_sorted_by(|a, b| a < b));
        prop_assert_eq!((steps[0], steps[count - 1]), (0, total));
    }
}

#[test]
fn normalization_centers_and_scales_each_channel() {
    let store = store(30);
    let indices: Vec<usize> = (0..30).collect();
    let normalization = Normalization::of(&store, &indices);
    let network = Network::new(Arch::Cnn4, 16, 3, StreamKey::from_seed(0)).unwrap();
    let batches = Batches::new(&store, &normalization, &network).unwrap();
    let layout = network.input_layout();
    let mut batch = ImageBatch::new(layout);
    // a longer batch before leaves nothing behind
    batches.fill(&indices, &mut batch);
    batches.fill(&indices[..29], &mut batch);
    batches.fill(&indices, &mut batch);
    let chw = layout.batch_to_chw(batch.pixels());
    assert_eq!(ImageBatch::from_chw(layout, &chw).pixels(), batch.pixels());
    for channel in 0..3 {
        let values = || {
            chw.chunks_exact(256)
                .skip(channel)
                .step_by(3)
                .flatten()
                .map(|x| f64::from(*x))
        };
        let n = values().count() as f64;
        let mean = values().sum::<f64>() / n;
        let variance = values().map(|x| x * x).sum::<f64>() / n;
        assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-6);
    }
    let gray = ImageStore::new(16, vec![51; 2 * 768]).unwrap();
    let constant = Normalization::of(&gray, &[0, 1]);
    assert_eq!((constant.mean, constant.std), ([0.2; 3], [1.0; 3]));
}

#[test]
fn batches_come_in_order_and_errors_end_them() {
    let store = store(10);
    let network = Network::new(Arch::Cnn4, 16, 3, StreamKey::from_seed(0)).unwrap();
    let batches = Batches::new(&store, &Normalization::IDENTITY, &network).unwrap();
    let indices = [9, 0, 3, 3, 1, 7, 2];
    let mut seen = Vec::new();
    let mut expected = ImageBatch::new(network.input_layout());
    let result: Result<(), &str> = batches.for_each(&indices, 3, |batch, start| {
        batches.fill(&indices[start..start + batch.len()], &mut expected);
        assert_eq!(batch.pixels(), expected.pixels());
        seen.push((start, batch.len()));
        Ok(())
    });
    assert_eq!(result, Ok(()));
    assert_eq!(seen, [(0, 3), (3, 3), (6, 1)]);
    let mut calls = 0;
    let result = batches.for_each(&indices, 1, |_, start| {
        calls += 1;
        if start == 2 { Err("enough") } else { Ok(()) }
    });
    assert_eq!((result, calls), (Err("enough"), 3));
}

#[test]
fn bad_input_is_named() {
    let store = store(6);
    let message = |error: TrainingError| error.to_string();
    let new = |indices, labels| message(Examples::new(&store, 3, indices, labels).unwrap_err());
    assert!(new(vec![], vec![]).contains("at least one"));
    assert!(new(vec![1], vec![0, 1]).contains("1 images and 2 labels"));
    assert!(new(vec![6], vec![0]).contains("image 6 of 6"));
    assert!(new(vec![5], vec![3]).contains("label 3 of 3"));
    assert!(message(ImageStore::new(4, vec![0; 47]).unwrap_err()).contains("47 bytes"));
    assert!(message(ImageStore::new(0, vec![]).unwrap_err()).contains("0 x 0"));

    let bad = |change: fn(&mut TrainingPlan)| {
        let mut plan = plan();
        change(&mut plan);
        message(plan.check(37).unwrap_err())
    };
    assert!(bad(|plan| plan.batch_size = 0).contains("batch size"));
    assert!(bad(|plan| plan.rate.base = -1.0).contains("learning rate"));
    assert!(bad(|plan| plan.rate.warmup_epochs = -1.0).contains("warm-up of -1 epochs"));
    assert!(bad(|plan| plan.checkpoints = CheckpointSchedule::Every(0)).contains("schedule"));
    assert!(message(plan().check(0).unwrap_err()).contains("training examples"));
    assert!(bad(|plan| plan.epochs = u64::MAX).contains("more steps"));
}

#[test]
fn a_diverging_training_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(20);
    let all = examples(&store, 0..20);
    let data = TrainingData {
        store: &store,
        normalization: Normalization::IDENTITY,
        train: &all,
        validation: &all,
    };
    let mut plan = plan();
    plan.rate.base = 1e30;
    let key = StreamKey::from_seed(0);
    let mut network = Network::new(Arch::Cnn4, 16, CLASSES, key).unwrap();
    let stop = AtomicBool::new(false);
    let context = TrainingContext {
        dir: dir.path(),
        config_hash: "",
        stop: &stop,
        snapshot_every: NEVER,
        on_progress: &mut |_| (),
    };
    let checked = plan.check(20).unwrap();
    let error = train(&mut network, &data, &checked, key, context).unwrap_err();
    assert!(matches!(error, TrainingError::Diverged { .. }), "{error}");
    // the only step ruins the weights after its own loss was measured
    plan.batch_size = 20;
    plan.epochs = 1;
    plan.checkpoints = CheckpointSchedule::LogSpaced(2);
    let dir = tempfile::tempdir().unwrap();
    let mut network = Network::new(Arch::Cnn4, 16, CLASSES, key).unwrap();
    let context = TrainingContext {
        dir: dir.path(),
        config_hash: "",
        stop: &stop,
        snapshot_every: NEVER,
        on_progress: &mut |_| (),
    };
    let checked = plan.check(20).unwrap();
    let error = train(&mut network, &data, &checked, key, context).unwrap_err();
    let of_step = matches!(error, TrainingError::Diverged { step: 1, .. });
    assert!(of_step, "{error}");
}

#[test]
fn a_batch_norm_over_one_pixel_wants_two_images_a_batch() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(17);
    let all = examples(&store, 0..17);
    let data = TrainingData {
        store: &store,
        normalization: Normalization::IDENTITY,
        train: &all,
        validation: &all,
    };
    let key = StreamKey::from_seed(0);
    let mut network = Network::new(Arch::ResNet18, 16, CLASSES, key).unwrap();
    let layer = network.norm_of_one_pixel().unwrap().to_owned();
    assert!(layer.starts_with("layer3"), "{layer}");
    let small = Network::new(Arch::Cnn4, 16, CLASSES, key).unwrap();
    assert_eq!(small.norm_of_one_pixel(), None);
    let large = Network::new(Arch::ResNet18, 64, CLASSES, key).unwrap();
    assert_eq!(large.norm_of_one_pixel(), None);
    for (batch_size, is_refused) in [(1, true), (8, true), (16, true), (6, false), (17, false)] {
        let found = check_batch_norm(17, batch_size, Some(&layer));
        assert_eq!(found.is_err(), is_refused, "{batch_size}");
        assert!(check_batch_norm(17, batch_size, None).is_ok());
    }
    let stop = AtomicBool::new(false);
    let context = TrainingContext {
        dir: dir.path(),
        config_hash: "",
        stop: &stop,
        snapshot_every: NEVER,
        on_progress: &mut |_| (),
    };
    let mut plan = plan();
    plan.batch_size = 8;
    let plan = plan.check(17).unwrap();
    let error = train(&mut network, &data, &plan, key, context).unwrap_err();
    assert!(error.to_string().contains(&layer), "{error}");
}

#[test]
fn what_an_unfinished_training_left_is_checked_by_hash() {
    let dir = tempfile::tempdir().unwrap();
    let left = || {
        run(dir.path(), Some(12), NEVER).unwrap_err();
        assert_eq!(
            damaged(dir.path()).unwrap(),
            Vec::<std::path::PathBuf>::new()
        );
    };
    let first = checkpoint_path(dir.path(), 0);
    for path in [
        first.clone(),
        best_path(dir.path()),
        snapshot_path(dir.path()),
    ] {
        left();
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(damaged(dir.path()).unwrap(), std::slice::from_ref(&path));
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        assert_eq!(damaged(dir.path()).unwrap(), [path]);
        remove_snapshot(dir.path()).unwrap();
    }
    left();
    fs::remove_file(&first).unwrap();
    assert_eq!(damaged(dir.path()).unwrap(), [first]);
    remove_snapshot(dir.path()).unwrap();
    assert!(damaged(dir.path()).unwrap().is_empty());
    let finished = run(dir.path(), None, NEVER).unwrap();
    for (name, hash) in &finished.artifacts {
        let bytes = fs::read(dir.path().join(name)).unwrap();
        assert_eq!(blake3::hash(&bytes).to_hex().as_str(), hash, "{name}");
    }
    // training.csv, best, and the schedule
    assert_eq!(finished.artifacts.len(), 2 + finished.checkpoints.len());
}
