//! What every step sees and does, mostly told by networks whose weights stay where they are.

use std::ops::Range;

use super::*;
use crate::models::Design;
use crate::nn::argmax;
use crate::nn::optimizers::{LearningRate, Schedule};

/// A learning rate whose steps are below the rounding of every weight.
const STILL: f64 = 1e-30;

/// Classes of the images of [`batch_for`].
const LABELS: [u32; 6] = [0, 1, 2, 0, 1, 2];

/// Three epochs that leave the weights as they are.
fn still() -> TrainingPlan {
    TrainingPlan {
        optimizer: OptimizerParams::Sgd(SgdParams::default()),
        rate: RatePlan {
            base: STILL,
            ..RatePlan::default()
        },
        ..plan()
    }
}

fn untrained() -> Network {
    Network::new(Arch::Cnn4, 16, CLASSES, StreamKey::from_seed(4)).unwrap()
}

fn data_of<'a>(store: &'a ImageStore, [train, validation]: [&'a Examples; 2]) -> TrainingData<'a> {
    TrainingData {
        store,
        normalization: Normalization::of(store, train.indices()),
        train,
        validation,
    }
}

/// Trains a network: what that left, and the loss of every step.
fn losses_of(
    dir: &Path,
    network: &mut Network,
    data: &TrainingData<'_>,
    plan: &TrainingPlan,
    order: StreamKey,
) -> (TrainingOutcome, Vec<f64>) {
    let mut losses = Vec::new();
    let mut note = |progress: Progress| losses.push(progress.loss);
    let stop = AtomicBool::new(false);
    let context = TrainingContext {
        dir,
        config_hash: "abc",
        stop: &stop,
        snapshot_every: NEVER,
        on_progress: &mut note,
    };
    let checked = plan.check(data.train.len()).unwrap();
    let outcome = train(network, data, &checked, order, context).unwrap();
    (outcome, losses)
}

/// Six images, two of each class.
fn batch_for(network: &Network) -> ImageBatch {
    let store = store_of(LABELS.len(), network.image_size());
    let indices: Vec<usize> = (0..LABELS.len()).collect();
    let normalization = Normalization::of(&store, &indices);
    let batches = Batches::new(&store, &normalization, network).unwrap();
    let mut batch = ImageBatch::new(network.input_layout());
    batches.fill(&indices, &mut batch);
    batch
}

/// Plain gradient descent.
fn trainer_for(network: &Network, rate: LearningRate) -> Trainer {
    let descent = OptimizerParams::Sgd(SgdParams::default());
    let dropout = StreamKey::from_seed(6);
    Trainer::new(network, descent.check().unwrap(), rate, dropout)
}

#[test]
fn each_epoch_takes_all_examples_in_an_order_of_its_own() {
    let store = store(52);
    let sets = [examples(&store, 0..37), examples(&store, 37..52)];
    let data = data_of(&store, sets.each_ref());
    let (dir, key) = (tempfile::tempdir().unwrap(), StreamKey::from_seed(7));
    let mut network = untrained();
    let (_, losses) = losses_of(dir.path(), &mut network, &data, &still(), key);
    assert!(network == untrained(), "the weights moved");

    let batches = Batches::new(&store, &data.normalization, &network).unwrap();
    let mut workspace = Workspace::default();
    let mut expected = Vec::new();
    for epoch in 0..3 {
        let order = key.derive("train/shuffle").at(epoch).permutation(37);
        for batch in order.chunks(8) {
            let seen = sets[0].ordered(batch);
            let measured = evaluate(&network, &mut workspace, &batches, &seen, 8);
            expected.push(measured.unwrap().loss);
        }
    }
    assert_eq!((losses.len(), expected.len()), (15, 15));
    for (step, (found, expected)) in losses.iter().zip(&expected).enumerate() {
        let off = (found - expected).abs();
        assert!(off < 1e-5, "step {step}: {found}, not {expected}");
    }
    // five steps an epoch; images in another order make batches of other losses
    assert_ne!(losses[..5], losses[5..10]);
    assert_ne!(losses[5..10], losses[10..]);
}

#[test]
fn another_order_of_batches_leads_to_other_weights() {
    let trained = |order: u64| {
        let store = store(52);
        let sets = [examples(&store, 0..37), examples(&store, 37..52)];
        let data = data_of(&store, sets.each_ref());
        let (dir, key) = (tempfile::tempdir().unwrap(), StreamKey::from_seed(order));
        let plan = TrainingPlan {
            epochs: 1,
            ..plan()
        };
        let mut network = untrained();
        losses_of(dir.path(), &mut network, &data, &plan, key);
        network
    };
    let one = trained(1);
    assert!(one != untrained());
    assert!(one == trained(1));
    assert!(one != trained(2));
}

/// 37 examples make four batches of 8 and one of 5.
#[test]
fn a_row_of_the_log_is_of_every_example_alike() {
    let (store, network) = (store(52), untrained());
    let trained_on: Vec<usize> = (0..37).collect();
    let normalization = Normalization::of(&store, &trained_on);
    let batches = Batches::new(&store, &normalization, &network).unwrap();
    let mut workspace = Workspace::default();
    let mut batch = ImageBatch::new(network.input_layout());
    // the network is right about every third image, say, and wrong about the others
    let mut labelled = |range: Range<usize>, every: usize| {
        let indices: Vec<usize> = range.collect();
        batches.fill(&indices, &mut batch);
        let logits = network.logits(&mut workspace, &batch).unwrap();
        let said = logits.chunks_exact(CLASSES).map(|row| argmax(row) as u32);
        let label = |(index, said): (&usize, u32)| match index % every {
            0 => said,
            _ => (said + 1) % CLASSES as u32,
        };
        let labels: Vec<u32> = indices.iter().zip(said).map(label).collect();
        Examples::new(&store, CLASSES, indices, labels).unwrap()
    };
    let sets = [labelled(0..37, 3), labelled(37..52, 5)];
    let data = data_of(&store, sets.each_ref());
    let (dir, key) = (tempfile::tempdir().unwrap(), StreamKey::from_seed(7));
    let mut trained = network.clone();
    let (outcome, _) = losses_of(dir.path(), &mut trained, &data, &still(), key);
    assert!(trained == network, "the weights moved");

    // all of them in one batch
    let whole = evaluate(&network, &mut workspace, &batches, &sets[0], 37).unwrap();
    assert_eq!(outcome.log.len(), 4);
    for (epoch, row) in (0..).zip(&outcome.log) {
        assert_eq!((row.step, row.epoch), (5 * epoch, epoch));
        let off = (row.loss - whole.loss).abs();
        assert!(off < 1e-5, "{row:?}, not {whole:?}");
        assert_eq!(row.train_accuracy, 13.0 / 37.0, "{row:?}");
        assert_eq!(row.validation_accuracy, 3.0 / 15.0, "{row:?}");
    }
    assert_eq!(read_log(&log_path(dir.path())).unwrap(), outcome.log);
}

#[test]
fn of_equally_good_epochs_the_first_is_the_best() {
    let store = store(52);
    let sets = [examples(&store, 0..37), examples(&store, 37..52)];
    let data = data_of(&store, sets.each_ref());
    let (dir, key) = (tempfile::tempdir().unwrap(), StreamKey::from_seed(7));
    let (outcome, _) = losses_of(dir.path(), &mut untrained(), &data, &still(), key);
    let best = outcome.best.unwrap();
    let mut ends = outcome.log.iter().filter(|row| row.epoch > 0);
    assert!(ends.all(|row| row.validation_accuracy == best.accuracy));
    assert_eq!((best.step, best.epoch), (5, 1));
    let header = Checkpoint::read(&best_path(dir.path())).unwrap().header;
    assert_eq!(header.role, Role::BestValidation);
    assert_eq!((header.step, header.epoch), (5, 1.0));
}

#[test]
fn no_epochs_leave_the_network_as_it_starts() {
    let store = store(52);
    let sets = [examples(&store, 0..37), examples(&store, 37..52)];
    let data = data_of(&store, sets.each_ref());
    let schedules = [
        CheckpointSchedule::LogSpaced(8),
        CheckpointSchedule::Every(5),
        CheckpointSchedule::Steps(vec![10]),
    ];
    let cosine = RateSchedule::Cosine { last: 0.0 };
    for (checkpoints, schedule) in schedules.into_iter().zip([
        RateSchedule::Constant,
        cosine,
        RateSchedule::Step {
            epochs: 2,
            factor: 0.1,
        },
    ]) {
        let plan = TrainingPlan {
            epochs: 0,
            checkpoints,
            rate: RatePlan {
                schedule,
                warmup_epochs: 1.0,
                ..RatePlan::default()
            },
            ..plan()
        };
        let (dir, key) = (tempfile::tempdir().unwrap(), StreamKey::from_seed(7));
        let mut network = untrained();
        let (outcome, losses) = losses_of(dir.path(), &mut network, &data, &plan, key);
        assert!(network == untrained());
        assert_eq!((outcome.steps, outcome.best, losses.len()), (0, None, 0));
        let [(0, path)] = &outcome.checkpoints[..] else {
            panic!("{:?}", outcome.checkpoints);
        };
        let kept = Checkpoint::read(path).unwrap();
        assert_eq!((kept.header.step, kept.header.role), (0, Role::Initial));
        assert!(kept.network == untrained());
        assert!(outcome.log.is_empty());
        assert_eq!(read_log(&log_path(dir.path())).unwrap(), []);
        assert!(!best_path(dir.path()).exists() && !snapshot_path(dir.path()).exists());
        assert_eq!(outcome.artifacts.len(), 2);
    }
}

#[test]
fn dropout_leaves_out_other_numbers_at_every_step() {
    let losses = |dropout: Option<f64>| -> Vec<f64> {
        let mut design = Design::new(Arch::AlexNet64, 15, CLASSES);
        design.options.dropout = dropout;
        let mut network = Network::from_design(design, StreamKey::from_seed(5)).unwrap();
        let batch = batch_for(&network);
        let mut trainer = trainer_for(&network, LearningRate::constant(STILL).unwrap());
        let mut loss = || trainer.step(&mut network, &batch, &LABELS).unwrap().loss;
        vec![loss(), loss(), loss()]
    };
    let usual = losses(None);
    for (a, b) in [(0, 1), (1, 2), (0, 2)] {
        assert_ne!(usual[a], usual[b], "{usual:?}");
    }
    // by its key and the step alone, and half of them
    assert_eq!(usual, losses(None));
    assert_eq!(usual, losses(Some(0.5)));
    let whole = losses(Some(0.0));
    assert_eq!(whole, [whole[0]; 3]);
    assert_ne!(usual[0], whole[0]);
}

#[test]
fn the_first_step_takes_the_first_rate() {
    let mut network = untrained();
    let batch = batch_for(&network);
    let rate = LearningRate::new(0.4, 4, Schedule::Constant).unwrap();
    let mut trainer = trainer_for(&network, rate);
    for expected in [0.1, 0.2, 0.3, 0.4, 0.4] {
        let (_, gradients) = trainer
            .loss_and_gradients(&network, &batch, &LABELS)
            .unwrap();
        let gradients = gradients.to_vec();
        let before = network.clone();
        trainer.step(&mut network, &batch, &LABELS).unwrap();
        // how far the weights went along the gradient, by its length
        let (mut along, mut square) = (0.0, 0.0);
        let pairs = before.parameters().iter().zip(network.parameters());
        for ((before, after), gradient) in pairs.zip(&gradients) {
            let moves = before.values.iter().zip(&after.values);
            for ((before, after), slope) in moves.zip(gradient) {
                let slope = f64::from(*slope);
                along += (f64::from(*before) - f64::from(*after)) * slope;
                square += slope * slope;
            }
        }
        let found: f64 = along / square;
        assert!((found - expected).abs() < 1e-3, "{found}, not {expected}");
    }
}
