use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use layerprobe_streams::StreamKey;

use super::{DescentCheckpoint, DescentData, DescentOutcome, DescentPlan, damaged, descend};
use crate::nn::{Perceptron, PerceptronBatch, PerceptronSpec};
use crate::training::{
    CheckpointError, CheckpointSchedule, Progress, Role, TrainingContext, TrainingError,
    checkpoint_path, log_path, read_log, snapshot_path,
};

const EPOCHS: u64 = 700;

fn spec() -> PerceptronSpec {
    PerceptronSpec {
        inputs: 6,
        hidden: vec![20, 9],
        outputs: 2,
        slope: 0.01,
    }
}

fn network() -> Perceptron<f32> {
    let mut stream = StreamKey::from_seed(1).at(0);
    let mut parameters = Vec::new();
    for shape in spec().shapes() {
        let values = (0..shape.iter().product()).map(|_| stream.uniform_in(-0.5, 0.5) as f32);
        parameters.push(values.collect());
    }
    Perceptron::new(&spec(), &parameters).unwrap()
}

/// All vectors of six bits whose number is even, or odd; their targets are the
/// first bit and the XOR of the next two.
fn batch(odd: u32) -> PerceptronBatch<f32> {
    let (mut x, mut targets) = (Vec::new(), Vec::new());
    for number in 0..32 {
        let bit = |place: u32| f32::from((2 * number + odd) >> (5 - place) & 1 == 1);
        x.extend((0..6).map(bit));
        targets.extend([bit(0), (bit(1) - bit(2)).abs()]);
    }
    PerceptronBatch::new(&spec(), &x, &targets).unwrap()
}

fn plan() -> DescentPlan {
    DescentPlan {
        epochs: EPOCHS,
        learning_rate: 0.3,
        checkpoints: CheckpointSchedule::LogSpaced(4),
        logged: 8,
    }
}

/// Trains in a folder; a report of progress may stop it.
fn train(
    dir: &Path,
    plan: &DescentPlan,
    stop_at: u64,
    every: Duration,
) -> Result<DescentOutcome, TrainingError> {
    let stop = AtomicBool::new(false);
    let mut data = DescentData {
        train: batch(0),
        validation: batch(1),
    };
    let context = TrainingContext {
        dir,
        config_hash: "of the plan",
        stop: &stop,
        snapshot_every: every,
        on_progress: &mut |progress: Progress| {
            stop.store(progress.step >= stop_at, Ordering::Relaxed);
        },
    };
    descend(&mut network(), &mut data, &plan.check()?, context)
}

const NEVER: Duration = Duration::from_secs(3600);

#[test]
fn a_training_leaves_its_checkpoints_and_log() {
    let dir = tempfile::tempdir().unwrap();
    let outcome = train(dir.path(), &plan(), u64::MAX, NEVER).unwrap();
    let epochs: Vec<u64> = outcome
        .checkpoints
        .iter()
        .map(|(epoch, _)| *epoch)
        .collect();
    assert_eq!(epochs, [0, 1, 26, EPOCHS]);
    let first = DescentCheckpoint::read(&checkpoint_path(dir.path(), 0)).unwrap();
    assert_eq!(first.header.role, Role::Initial);
    assert_eq!(first.network.parameters(), network().parameters());
    let last = DescentCheckpoint::read(&checkpoint_path(dir.path(), EPOCHS)).unwrap();
    assert_eq!((last.header.role, last.header.epoch), (Role::Last, EPOCHS));
    let mut seen = batch(0);
    last.network.forward(&mut seen);
    let log = read_log(&log_path(dir.path())).unwrap();
    assert_eq!(log, outcome.log);
    assert_eq!(log.len(), 8);
    let end = log[7];
    assert_eq!((end.epoch, end.loss), (EPOCHS, seen.loss()));
    assert_eq!(end.train_accuracy, 1.0, "{log:?}");
    assert_eq!(end.validation_accuracy, 1.0, "{log:?}");
    assert!(log[0].loss > 1.2 && end.loss < 0.3);
}

#[test]
fn a_stopped_training_ends_with_the_same_bytes() {
    let whole = tempfile::tempdir().unwrap();
    let at_once = train(whole.path(), &plan(), u64::MAX, NEVER).unwrap();
    let torn = tempfile::tempdir().unwrap();
    for stop_at in [256, 512] {
        let error = train(torn.path(), &plan(), stop_at, Duration::ZERO).unwrap_err();
        let expected = format!("after step {stop_at} of {EPOCHS}");
        assert!(error.to_string().contains(&expected), "{error}");
        assert!(snapshot_path(torn.path()).exists());
    }
    let in_parts = train(torn.path(), &plan(), u64::MAX, NEVER).unwrap();
    for (name, hash) in &in_parts.artifacts {
        let bytes = fs::read(torn.path().join(name)).unwrap();
        assert_eq!(blake3::hash(&bytes).to_hex().as_str(), hash, "{name}");
    }
    assert_eq!(in_parts.artifacts.len(), 1 + in_parts.checkpoints.len());
    assert_eq!(in_parts.artifacts, at_once.artifacts);
    for file in [
        log_path(Path::new("")),
        checkpoint_path(Path::new(""), 26),
        checkpoint_path(Path::new(""), EPOCHS),
    ] {
        let bytes = |dir: &Path| fs::read(dir.join(&file)).unwrap();
        assert!(bytes(whole.path()) == bytes(torn.path()), "{file:?}");
    }
}

#[test]
fn what_was_altered_since_the_snapshot_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let found = || damaged(dir.path()).unwrap();
    assert!(found().is_empty());
    train(dir.path(), &plan(), 256, NEVER).unwrap_err();
    assert!(found().is_empty());

    let snapshot = snapshot_path(dir.path());
    let whole = fs::read(&snapshot).unwrap();
    let place = |text: &[u8]| whole.windows(text.len()).position(|bytes| bytes == text);
    let flipped = |place: usize| {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        bytes
    };
    for altered in [
        flipped(whole.len() - 1),
        flipped(place(b"256").unwrap()),
        flipped(place(b"of the plan").unwrap()),
        whole[..whole.len() / 2].to_vec(),
        Vec::new(),
    ] {
        fs::write(&snapshot, &altered).unwrap();
        assert_eq!(found(), std::slice::from_ref(&snapshot));
        let error = train(dir.path(), &plan(), u64::MAX, NEVER).unwrap_err();
        assert!(error.to_string().contains("resume.safetensors"), "{error}");
    }
    fs::write(&snapshot, &whole).unwrap();

    let first = checkpoint_path(dir.path(), 0);
    let before = fs::read(&first).unwrap();
    let mut altered = before.clone();
    *altered.last_mut().unwrap() ^= 1;
    fs::write(&first, &altered).unwrap();
    assert_eq!(found(), std::slice::from_ref(&first));
    fs::remove_file(&first).unwrap();
    assert_eq!(found(), std::slice::from_ref(&first));
    fs::write(&first, &before).unwrap();
    // the log is written anew, from what the snapshot knows
    fs::write(log_path(dir.path()), "step\n").unwrap();
    assert!(found().is_empty());

    // one that is altered later has the hash that it was written with
    fs::write(&first, &altered).unwrap();
    let outcome = train(dir.path(), &plan(), u64::MAX, NEVER).unwrap();
    let remembered = &outcome.artifacts["checkpoints/step-000000.safetensors"];
    assert_eq!(blake3::hash(&before).to_hex().as_str(), remembered);
}

#[test]
fn what_cannot_go_on_is_said() {
    let dir = tempfile::tempdir().unwrap();
    train(dir.path(), &plan(), 256, NEVER).unwrap_err();
    let shorter = DescentPlan {
        epochs: 100,
        ..plan()
    };
    let error = train(dir.path(), &shorter, u64::MAX, NEVER).unwrap_err();
    assert!(
        error.to_string().contains("epoch 256, expected below 100"),
        "{error}"
    );
    let diverging = DescentPlan {
        learning_rate: 1e30,
        ..plan()
    };
    let dir = tempfile::tempdir().unwrap();
    let error = train(dir.path(), &diverging, u64::MAX, NEVER).unwrap_err();
    assert!(error.to_string().contains("diverged"), "{error}");
    let none = DescentPlan {
        epochs: 0,
        ..plan()
    };
    assert!(matches!(none.check(), Err(TrainingError::Zero { .. })));
    let still = DescentPlan {
        learning_rate: 0.0,
        ..plan()
    };
    assert!(matches!(still.check(), Err(TrainingError::Optimizer(_))));
}

#[test]
fn a_damaged_checkpoint_is_named() {
    let dir = tempfile::tempdir().unwrap();
    train(dir.path(), &plan(), u64::MAX, NEVER).unwrap();
    let path = checkpoint_path(dir.path(), 0);
    let whole = fs::read(&path).unwrap();
    for cut in [0, 9, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..cut]).unwrap();
        let error = DescentCheckpoint::read(&path).unwrap_err();
        assert!(error.to_string().contains("step-000000"), "{error}");
    }
    let text = String::from_utf8_lossy(&whole).into_owned();
    let place = text.find("[20,9]").unwrap();
    let mut other = whole.clone();
    other[place + 4] = b'8';
    fs::write(&path, &other).unwrap();
    let error = DescentCheckpoint::read(&path).unwrap_err();
    assert!(matches!(error, CheckpointError::Network { .. }), "{error}");
}
