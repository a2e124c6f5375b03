//! What lies in a folder decides only as what it was made of.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use layerprobe_reports::write_results;

use super::super::missing::{Missing, missing};
use super::super::pooled::Found;
use super::super::similarity::Similarity;
use super::super::{Reproduction, pooled, reproduce};
use super::*;
use crate::config::Config;
use crate::experiment::{Event, Execution, Observer, PROTOCOL, conditions};
use crate::results::PAPER_PROTOCOL;

const CLAIM: &str = "rsa-correlated";
const EXPERIMENT: &str = "shape-texture-0.5";

/// Keeps all warnings.
#[derive(Default)]
struct Warned(Mutex<Vec<String>>);

impl Observer for Warned {
    fn event(&self, event: Event<'_>) {
        if let Event::Warning(text) = event {
            self.0.lock().unwrap().push(text.to_owned());
        }
    }
}

/// The claim, to be decided by what is there.
fn by_what_is_there<'a>(study: &'a Study, only: &'a [String], out: &'a Path) -> Reproduction<'a> {
    Reproduction {
        study,
        only,
        out,
        run: false,
        variations: false,
        evidence: None,
        execution: Execution::default(),
    }
}

/// The verdict by what is there, and the warnings on the way.
fn decided_in(out: &Path, evidence: Option<&Path>) -> (Verdict, Vec<String>) {
    let study = Study::named(STUDIES[0], Scale::Smoke).unwrap();
    let only = [CLAIM.to_owned()];
    let what = Reproduction {
        evidence,
        ..by_what_is_there(&study, &only, out)
    };
    let warned = Warned::default();
    let answers = reproduce(&what, &AtomicBool::new(false), &warned)
        .unwrap()
        .answers;
    (answers[0].verdict, warned.0.into_inner().unwrap())
}

/// Proven tables by which the claim holds.
fn write_tables(out: &Path) {
    let study = Study::named(STUDIES[0], Scale::Smoke).unwrap();
    let needed = study.needed(&[CLAIM.to_owned()]).unwrap();
    let parts = needed.claims.claims.iter().flat_map(|claim| &claim.parts);
    let (pairs, single): (Vec<ResultRow>, Vec<ResultRow>) = parts
        .flat_map(|part| rows(part, 0.1, 0.002))
        .partition(|row| !row.condition_b.is_empty());
    let what = by_what_is_there(&study, &[], out);
    for experiment in &needed.experiments {
        let prefix = format!("{}/", experiment.id);
        let of_it = single
            .iter()
            .filter(|row| row.condition.starts_with(&prefix));
        let of_it: Vec<ResultRow> = of_it.cloned().collect();
        pooled::table(experiment, out)
            .unwrap()
            .write(&of_it)
            .unwrap();
        if experiment.similarity {
            let alone = Similarity::within(&what, experiment).unwrap();
            alone.table().write(&[]).unwrap();
        }
    }
    let basic = needed.comparisons.iter().filter(|c| c.is_basic());
    let [comparison] = basic.collect::<Vec<_>>()[..] else {
        panic!("one comparison decides it");
    };
    let similarity = Similarity::between(&what, comparison).unwrap();
    similarity.table().write(&pairs).unwrap();
}

/// Training curves of all networks of a run, which end at an accuracy of .25 and were at
/// .5 after two epochs; untrained networks are at .75.
fn write_logs(folder: &Path, config: &Config) {
    for condition in conditions(config) {
        let of_it = folder.join("conditions").join(condition.id);
        fs::create_dir_all(&of_it).unwrap();
        let log = "step,epoch,loss,train_accuracy,validation_accuracy\n0,0,2,0.25,0.75\n\
                   3,1,0.5,0.75,0.5\n6,2,0.5,0.75,0.5\n9,3,0.5,0.75,0.25\n";
        fs::write(of_it.join("training.csv"), log).unwrap();
    }
}

/// The manifest of a run whose files are as they are now.
fn write_manifest(folder: &Path, config: &Config) {
    let networks = conditions(config).into_iter().map(|c| c.id);
    let logs = networks.map(|network| format!("conditions/{network}/training.csv"));
    let names = logs.chain(["results.csv".to_owned()]);
    let artifacts: serde_json::Map<String, serde_json::Value> = names
        .map(|name| {
            let hash = blake3::hash(&fs::read(folder.join(&name)).unwrap());
            (name, hash.to_hex().to_string().into())
        })
        .collect();
    let manifest = serde_json::json!({
        "version": "", "git": "", "config_hash": config.hash(), "protocol": "",
        "seeds": { "master": 0, "data": 0, "init": 0 }, "host": "", "processor": "",
        "platform": "", "threads": 1, "seconds": {}, "artifacts": artifacts,
    });
    fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
}

#[test]
fn similarities_decide_nothing_without_the_evidence_of_their_networks() {
    let dir = tempfile::tempdir().unwrap();
    let (out, elsewhere) = (dir.path().join("out"), dir.path().join("elsewhere"));
    write_tables(&out);
    assert_eq!(decided_in(&out, None), (Verdict::Reproduced, Vec::new()));
    // one table of evidence is damaged, as it would be refused of another protocol
    let table = out.join("evidence").join(format!("{EXPERIMENT}.csv"));
    fs::write(&table, fs::read_to_string(&table).unwrap() + "\n").unwrap();
    for (folder, evidence) in [(&out, None), (&elsewhere, Some(&*out))] {
        let (verdict, warnings) = decided_in(folder, evidence);
        assert_eq!(verdict, Verdict::NotRun);
        let [altered, warning] = &warnings[..] else {
            panic!("{warnings:?}");
        };
        assert!(
            altered.contains("shape-texture-0.5.csv was altered"),
            "{altered}"
        );
        assert!(warning.contains("correlated.csv"), "{warning}");
        assert!(
            warning.contains(&format!("evidence/{EXPERIMENT}.csv is missing")),
            "{warning}"
        );
    }
}

#[test]
fn what_only_variations_compare_is_not_run_without_them() {
    let dir = tempfile::tempdir().unwrap();
    write_tables(dir.path());
    let study = Study::named(STUDIES[0], Scale::Smoke).unwrap();
    let only = [CLAIM.to_owned()];
    let stopped = AtomicBool::new(true);
    let run = |variations| {
        let what = Reproduction {
            run: true,
            variations,
            ..by_what_is_there(&study, &only, dir.path())
        };
        reproduce(&what, &stopped, &Warned::default())
    };
    // nothing is left to do, so that nothing can be stopped
    assert_eq!(run(false).unwrap().answers[0].verdict, Verdict::Reproduced);
    assert!(run(true).unwrap_err().is_interruption());
}

#[test]
fn networks_taken_over_first_are_compared_with_those_that_come_out_others() {
    let dir = tempfile::tempdir().unwrap();
    write_tables(dir.path());
    let study = Study::named(STUDIES[0], Scale::Smoke).unwrap();
    let only = [CLAIM.to_owned()];
    let what = Reproduction {
        run: true,
        variations: true,
        ..by_what_is_there(&study, &only, dir.path())
    };
    let needed = study.needed(&only).unwrap();
    let comparison = needed.comparisons.iter().find(|c| c.is_basic()).unwrap();
    let [first, second] = [0, 1].map(|side| {
        let id = &comparison.runs[side];
        needed.experiments.iter().find(|e| e.id == *id).unwrap()
    });
    let [taken_over, trained] = match first.id == EXPERIMENT {
        true => [second, first],
        false => [first, second],
    };
    let missing = |experiment| missing(&what, &needed, experiment).unwrap();
    assert_eq!(missing(taken_over), Missing::Nothing);
    // a variation compares it; what is trained is not what the made-up tables are of
    assert_eq!(missing(trained), Missing::Networks);
    reproduce(&what, &AtomicBool::new(false), &Warned::default()).unwrap();
    let similarity = Similarity::between(&what, comparison).unwrap();
    assert!(similarity.is_done());
}

#[test]
fn what_a_run_folder_has_is_proven_only_if_it_is_the_experiments() {
    let dir = tempfile::tempdir().unwrap();
    let study = Study::named(STUDIES[0], Scale::Smoke).unwrap();
    let experiment = study.experiments.iter().find(|e| e.id == EXPERIMENT);
    let experiment = experiment.unwrap();
    let config = experiment.config().unwrap();
    let folder = dir.path().join("runs").join(EXPERIMENT);
    write_logs(&folder, &config);
    let results = |protocol: &str| {
        let row = ResultRow {
            condition: "a-network".to_owned(),
            metric: "accuracy".to_owned(),
            probe: "linear".to_owned(),
            protocol: protocol.to_owned(),
            ..ResultRow::default()
        };
        write_results(&folder.join("results.csv"), &[row]).unwrap();
    };
    let table = pooled::table(experiment, dir.path()).unwrap();
    let refused = |because: &str| {
        let (_, warnings) = decided_in(dir.path(), None);
        let [warning] = &warnings[..] else {
            panic!("{warnings:?}");
        };
        assert!(warning.contains(because), "{warning}");
        assert!(warning.contains("without --no-run"), "{warning}");
        assert!(!table.path().exists() && !table.is_proven(), "{because}");
    };

    results(PROTOCOL);
    refused("has no config.toml");
    let kept = folder.join("config.toml");
    let other = study.experiments.iter().find(|e| e.id != EXPERIMENT);
    fs::write(&kept, other.unwrap().config().unwrap().to_toml()).unwrap();
    refused("is of another configuration");
    fs::write(&kept, config.to_toml()).unwrap();
    results("clean/0 scaling=none");
    refused("was made by protocol clean/0");

    results(PROTOCOL);
    refused("results.csv is not what manifest.json lists");
    write_manifest(&folder, &config);
    let log = folder
        .join("conditions")
        .join(conditions(&config).remove(0).id);
    let log = log.join("training.csv");
    let kept = fs::read_to_string(&log).unwrap();
    fs::write(&log, kept.replace("0.25", "0.75")).unwrap();
    refused("training.csv is not what manifest.json lists");
    fs::write(&log, kept).unwrap();
    assert_eq!(decided_in(dir.path(), None), (Verdict::NotRun, Vec::new()));
    assert!(table.is_proven());
    let rows = table.rows().unwrap();
    let networks = rows.iter().filter(|row| row.metric == VALIDATION_ACCURACY);
    assert_eq!(networks.count(), conditions(&config).len());
}

#[test]
fn networks_decoded_by_the_papers_protocol_count_as_those_of_their_experiment() {
    let dir = tempfile::tempdir().unwrap();
    let study = Study::named(STUDIES[0], Scale::Smoke).unwrap();
    let again = study.experiments.iter();
    let again = again.filter(|e| e.decodes.as_deref() == Some(EXPERIMENT));
    let [experiment] = &again.collect::<Vec<_>>()[..] else {
        panic!("one experiment decodes {EXPERIMENT} again");
    };
    let folder = dir.path().join("runs").join(&experiment.id);
    fs::create_dir_all(&folder).unwrap();
    let config = experiment.config().unwrap();
    fs::write(folder.join("config.toml"), config.to_toml()).unwrap();
    write_logs(&folder, &config);
    let network = conditions(&config).remove(0).id;
    let row = |protocol: &str, selected_by: &str| ResultRow {
        condition: network.clone(),
        metric: "accuracy".to_owned(),
        probe: "linear".to_owned(),
        protocol: protocol.to_owned(),
        selected_by: selected_by.to_owned(),
        ..ResultRow::default()
    };
    let rows = [
        row(PAPER_PROTOCOL, "tested_stimuli"),
        // what any network gives, and the experiment itself has
        row("", ""),
    ];
    write_results(&folder.join("results.csv"), &rows).unwrap();
    write_manifest(&folder, &config);
    let Found::Rows(kept) = pooled::found(experiment, &folder).unwrap() else {
        panic!("the rows of {}", experiment.id);
    };
    let (networks, decoders): (Vec<ResultRow>, Vec<ResultRow>) = kept
        .clone()
        .into_iter()
        .partition(|row| row.metric == VALIDATION_ACCURACY);
    let (best, mut own): (Vec<ResultRow>, Vec<ResultRow>) = networks
        .into_iter()
        .partition(|row| row.checkpoint_role == "best_validation");
    let theirs = format!("{EXPERIMENT}/{network}");
    let told: Vec<(&str, &str)> = decoders
        .iter()
        .map(|row| (&*row.condition, &*row.selected_by))
        .collect();
    assert_eq!(told, [(&*theirs, "tested_stimuli")]);
    assert_eq!(own.len(), conditions(&config).len());
    // the checkpoint that is decoded is one of theirs, too
    assert_eq!(best.len(), own.len());
    let at_best = best.iter().find(|row| row.condition == theirs).unwrap();
    assert_eq!((at_best.step, at_best.value), (Some(3), 0.5));

    // the same networks have the same accuracies
    let mut there = ResultRow {
        condition: theirs,
        metric: VALIDATION_ACCURACY.to_owned(),
        value: 0.25,
        ..ResultRow::default()
    };
    let why = |there: &ResultRow| {
        pooled::of_other_networks(experiment, &kept, std::slice::from_ref(there))
    };
    assert_eq!(why(&there), None);
    there.value = 0.5;
    let why = why(&there).unwrap();
    assert!(
        why.contains(&format!("of {network} is 0.25, there 0.5")),
        "{why}"
    );
    // and so have those that are trained again, to be compared
    let here =
        |rows: &[ResultRow]| pooled::of_other_networks_here(experiment, &folder, rows).unwrap();
    assert_eq!(here(&own), None);
    own[0].value = 0.5;
    let why = here(&own).unwrap();
    assert!(why.contains("is 0.25, and there it was 0.5"), "{why}");
}

#[test]
fn similarities_are_of_the_networks_that_the_evidence_is_of() {
    let dir = tempfile::tempdir().unwrap();
    let (out, elsewhere) = (dir.path().join("out"), dir.path().join("elsewhere"));
    write_tables(&out);
    // the same experiment as another kind of processor runs it
    let study = Study::named(STUDIES[0], Scale::Smoke).unwrap();
    let experiment = study.experiment(EXPERIMENT).unwrap();
    let mut rows = pooled::table(experiment, &out).unwrap().rows().unwrap();
    let own = rows
        .iter_mut()
        .find(|row| row.metric == VALIDATION_ACCURACY);
    own.unwrap().value = 0.99;
    for folder in [&elsewhere, &out] {
        let table = pooled::table(experiment, folder).unwrap();
        table.write(&rows).unwrap();
        let evidence = (folder == &elsewhere).then_some(&*out);
        let (verdict, warnings) = decided_in(folder, evidence);
        assert_eq!(verdict, Verdict::NotRun);
        let [warning] = &warnings[..] else {
            panic!("{warnings:?}");
        };
        assert!(warning.contains("correlated.csv was altered"), "{warning}");
        assert!(warning.contains("of other networks"), "{warning}");
    }
}

#[test]
fn networks_are_decoded_again_where_others_took_their_place() {
    let dir = tempfile::tempdir().unwrap();
    write_tables(dir.path());
    let study = Study::named(STUDIES[0], Scale::Smoke).unwrap();
    let mut again = study.experiments.iter();
    let again = again
        .find(|e| e.decodes.as_deref() == Some(EXPERIMENT))
        .unwrap();
    let theirs = pooled::table(study.experiment(EXPERIMENT).unwrap(), dir.path()).unwrap();
    let own = |accuracy: f64| -> Vec<ResultRow> {
        let theirs = theirs.rows().unwrap().into_iter();
        let theirs = theirs.filter(|row| row.metric == VALIDATION_ACCURACY);
        theirs
            .map(|row| ResultRow {
                condition: row.condition.replacen(EXPERIMENT, &again.id, 1),
                value: accuracy,
                ..row
            })
            .collect()
    };
    let table = pooled::table(again, dir.path()).unwrap();
    let what = by_what_is_there(&study, &[], dir.path());
    let needed = study.needed(&[]).unwrap();
    table.write(&own(1.0)).unwrap();
    assert_eq!(missing(&what, &needed, again).unwrap(), Missing::Nothing);
    table.write(&own(0.5)).unwrap();
    assert_eq!(missing(&what, &needed, again).unwrap(), Missing::Run);
}
