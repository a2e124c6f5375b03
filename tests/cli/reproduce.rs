//! `layerprobe reproduce` and `layerprobe plan`.

use std::fs;

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use serde_json::Value;

use crate::folder::layerprobe;

const STUDY: &str = "hermann-lampinen-2020";

/// Runs two experiments and a comparison; the claims that need others say so.
#[test]
fn a_study_runs_to_its_verdicts_and_is_not_run_twice() {
    let dir = tempfile::tempdir().unwrap();
    let reproduce = || {
        let mut command = layerprobe(dir.path());
        command.args(["reproduce", STUDY, "--scale", "smoke", "--out", "out"]);
        command
    };
    reproduce()
        .assert()
        .success()
        .stdout(contains("claims: "))
        .stdout(contains("untrained-depth"));
    let out = dir.path().join("out");
    assert!(!out.join("runs/binary-majority").exists());
    reproduce()
        .arg("--variations")
        .assert()
        .success()
        .stdout(contains("By binary-majority: "));
    let claims = fs::read_to_string(out.join("claims.json")).unwrap();
    let answers: Value = serde_json::from_str(&claims).unwrap();
    let claim = |id: &str| -> Value {
        let mut claims = answers["claims"].as_array().unwrap().iter();
        claims.find(|claim| claim["id"] == id).cloned().unwrap()
    };
    let verdict = |id: &str| claim(id)["verdict"].clone();
    assert_eq!(verdict("untrained-depth"), "not_run");
    // its experiments ran, whatever they say
    assert_ne!(verdict("rsa-correlated"), "not_run");
    let part = &claim("rsa-correlated")["parts"][0];
    assert!(
        part["outcome"] == "cannot_tell" || part["estimate"]["runs"] == 3,
        "{part}"
    );
    let dynamics = claim("binary-dynamics");
    let varied = &dynamics["varied"][0];
    assert_eq!(varied["by"], "binary-majority");
    let before = |parts: &Value| parts[0]["estimate"]["value"].as_f64().unwrap();
    let (own, otherwise) = (before(&dynamics["parts"]), before(&varied["parts"]));
    assert!((own - otherwise).abs() > 1e-9, "{own} {otherwise}");
    assert!(claim("xor-example")["varied"].is_null());
    let correlated = claim("rsa-correlated");
    assert_eq!(correlated["varied"][0]["by"], "trifeature-second-per-run");
    assert_eq!(correlated["varied"][1]["by"], "cka_debiased");
    assert!(out.join("similarity/correlated-per-run.csv").exists());
    let results = fs::read_to_string(out.join("results.csv")).unwrap();
    assert!(results.contains("validation_accuracy"));
    assert!(results.contains("rsa_pearson"));
    assert!(out.join("report/figures/rsa-correlated.svg").exists());
    assert!(out.join("store/layerprobe-store").exists());

    // bits compare their own networks anew, in an instant
    let compared = |times| contains("\"reason\":\"started\",\"stage\":\"compare\"").count(times);
    reproduce()
        .args(["--message-format", "json"])
        .assert()
        .success()
        .stdout(contains("\"stage\":\"train\"").not())
        .stdout(compared(1));
    assert_eq!(fs::read_to_string(out.join("claims.json")).unwrap(), claims);
    // an altered similarity table is not taken for what the runs gave
    let table = out.join("similarity/correlated.csv");
    let altered = fs::read_to_string(&table).unwrap().replace("0.", "0.9");
    fs::write(&table, altered).unwrap();
    reproduce()
        .args(["--message-format", "json"])
        .assert()
        .success()
        .stdout(compared(2));
    assert_eq!(fs::read_to_string(out.join("claims.json")).unwrap(), claims);

    // its tables alone decide the same in another folder, and nothing is run there
    let tables = dir.path().join("tables");
    for kind in ["evidence", "similarity"] {
        fs::create_dir_all(tables.join(kind)).unwrap();
        for entry in fs::read_dir(out.join(kind)).unwrap() {
            let file = entry.unwrap();
            fs::copy(file.path(), tables.join(kind).join(file.file_name())).unwrap();
        }
    }
    let elsewhere = || {
        let mut command = layerprobe(dir.path());
        command.args(["reproduce", STUDY, "--scale", "smoke", "--out", "elsewhere"]);
        command.args(["--message-format", "json"]);
        command
    };
    let decided = dir.path().join("elsewhere/claims.json");
    elsewhere()
        .args(["--evidence", "tables"])
        .assert()
        .success()
        .stdout(contains("\"stage\":\"train\"").not());
    assert_eq!(fs::read_to_string(&decided).unwrap(), claims);
    elsewhere().arg("--no-run").assert().success();
    assert_eq!(fs::read_to_string(&decided).unwrap(), claims);
    // where a comparison is missing, networks are trained for it, and nothing is probed
    let kept = fs::read_to_string(out.join("similarity/correlated.csv")).unwrap();
    fs::remove_file(tables.join("similarity/correlated.csv")).unwrap();
    let compared = || {
        let mut command = layerprobe(dir.path());
        command.args(["reproduce", STUDY, "--scale", "smoke", "--out", "compared"]);
        command.args(["--message-format", "json", "--evidence", "tables"]);
        command
    };
    let needed = "its networks are needed for comparisons";
    compared()
        .assert()
        .success()
        .stdout(contains("\"stage\":\"train\"").and(contains(needed).count(2)))
        .stdout(contains("\"stage\":\"probe\"").not());
    let there = |file: &str| fs::read_to_string(dir.path().join("compared").join(file)).unwrap();
    assert_eq!(there("similarity/correlated.csv"), kept);
    assert_eq!(there("claims.json"), claims);
    compared()
        .assert()
        .success()
        .stdout(contains("\"stage\":\"train\"").not());
    // a run of another configuration in the place of an experiment's is not its evidence
    let run = dir.path().join("elsewhere/runs/shape-texture-0.5");
    fs::create_dir_all(run.join("conditions")).unwrap();
    for file in ["config.toml", "results.csv"] {
        let other = out.join("runs/trifeature-second").join(file);
        fs::copy(other, run.join(file)).unwrap();
    }
    elsewhere()
        .arg("--no-run")
        .assert()
        .success()
        .stdout(contains("is of another configuration (config.toml)"));
    assert_eq!(fs::read_to_string(&decided).unwrap(), claims);
    // without its networks it is no run, and what is known decides without a word
    fs::remove_dir(run.join("conditions")).unwrap();
    elsewhere()
        .arg("--no-run")
        .assert()
        .success()
        .stdout(contains("not used").not());
    assert_eq!(fs::read_to_string(&decided).unwrap(), claims);
    fs::remove_dir_all(&run).unwrap();
    // evidence that was altered is told, here and where it is published
    let evidence = dir.path().join("elsewhere/evidence/shape-texture-0.5.csv");
    let whole = fs::read_to_string(&evidence).unwrap();
    fs::write(&evidence, whole.replace("0.", "0.9")).unwrap();
    fs::copy(&evidence, tables.join("evidence/shape-texture-0.5.csv")).unwrap();
    let told = |folder: &str| {
        contains(format!(
            "not used: {folder}/evidence/shape-texture-0.5.csv was altered"
        ))
    };
    elsewhere()
        .args(["--no-run", "--variations", "--evidence", "tables"])
        .assert()
        .success()
        .stdout(told("elsewhere").and(told("tables")));
    // without what says which networks learned, their similarities decide nothing
    fs::remove_file(&evidence).unwrap();
    elsewhere()
        .arg("--no-run")
        .assert()
        .success()
        .stdout(contains("evidence/shape-texture-0.5.csv is missing"))
        .stdout(contains(
            "\"id\":\"rsa-correlated\",\"reason\":\"claim\",\"verdict\":\"not_run\"",
        ));
    elsewhere()
        .args(["--evidence", "nowhere"])
        .assert()
        .code(2)
        .stdout(contains("there is no folder `evidence` in it"));

    // nothing of somebody else is written over
    let refused = |out: &str, scale: &str, what: &str| {
        layerprobe(dir.path())
            .args([
                "reproduce",
                STUDY,
                "--scale",
                scale,
                "--no-run",
                "--out",
                out,
            ])
            .assert()
            .code(2)
            .stderr(contains(what));
    };
    refused(
        "out",
        "quick",
        "its claims.json is of hermann-lampinen-2020 at scale smoke",
    );
    refused(
        "out/runs/trifeature-second/mine",
        "smoke",
        "is the folder of a run",
    );
    fs::create_dir(dir.path().join("mine")).unwrap();
    fs::write(dir.path().join("mine/results.csv"), "a,b\n").unwrap();
    refused("mine", "smoke", "its results.csv is of no reproduction");
    assert_eq!(fs::read_to_string(out.join("claims.json")).unwrap(), claims);
}

#[test]
fn nothing_run_decides_nothing_and_mistakes_are_told() {
    let dir = tempfile::tempdir().unwrap();
    layerprobe(dir.path())
        .args(["reproduce", STUDY, "--no-run", "--out", "out"])
        .assert()
        .success()
        .stdout(contains("0 reproduced"));
    layerprobe(dir.path())
        .args(["reproduce", STUDY, "--only", "rsa-ordr"])
        .assert()
        .code(2)
        .stderr(contains("did you mean `rsa-order`?"));
    layerprobe(dir.path())
        .args(["reproduce", "hermann"])
        .assert()
        .code(2);
}

#[test]
fn what_is_published_is_what_its_tables_say() {
    let published = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reproduction/quick");
    let dir = tempfile::tempdir().unwrap();
    layerprobe(dir.path())
        .args(["reproduce", STUDY, "--no-run", "--out", "out"])
        .args(["--evidence", published])
        .assert()
        // some fits are not proven
        .code(3)
        .stdout(contains("not used").not())
        .stderr(contains("not used").not());
    let of = |path: &std::path::Path| fs::read_to_string(path.join("claims.json")).unwrap();
    let (ours, theirs) = (of(&dir.path().join("out")), of(published.as_ref()));
    assert!(
        ours == theirs,
        "docs/reproduction/quick/claims.json is stale"
    );
    let told = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reproduction.md");
    let told = fs::read_to_string(told).unwrap();
    let answers: serde_json::Value = serde_json::from_str(&ours).unwrap();
    let answers = answers["claims"].as_array().unwrap();
    for answer in answers {
        let text = |key: &str| answer[key].as_str().unwrap_or("").replace('_', " ");
        let id = answer["id"].as_str().unwrap();
        let by_paper = match &*text("verdict_by_upper_bounds") {
            "" => String::new(),
            verdict => format!(" {verdict}"),
        };
        let says = answer["says"].as_str().unwrap();
        let row = format!("| `{id}` | {says} | {} |{by_paper} |\n", text("verdict"));
        assert!(told.contains(&row), "docs/reproduction.md lacks {row}");
    }
    assert_eq!(answers.len(), 23);
    let rows = fs::read_to_string(dir.path().join("out/results.csv")).unwrap();
    assert!(rows.contains("protocol_difference_enhancement"));
}

#[test]
fn what_is_published_of_the_papers_scale_is_what_its_tables_say() {
    let published = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reproduction/paper");
    let dir = tempfile::tempdir().unwrap();
    let untrained = ["trifeature", "depth", "navon", "navon-second"];
    let only = untrained.map(|name| format!("untrained-{name}")).join(",");
    layerprobe(dir.path())
        .args(["reproduce", STUDY, "--scale", "paper", "--only", &only])
        .args(["--no-run", "--out", "out", "--evidence", published])
        .assert()
        .success()
        .stderr(contains("not used").not());
    let of = |path: &std::path::Path| fs::read_to_string(path.join("claims.json")).unwrap();
    let (ours, theirs) = (of(&dir.path().join("out")), of(published.as_ref()));
    assert!(
        ours == theirs,
        "docs/reproduction/paper/claims.json is stale"
    );
    let told = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reproduction.md");
    let told = fs::read_to_string(told).unwrap();
    let answers: serde_json::Value = serde_json::from_str(&ours).unwrap();
    for answer in answers["claims"].as_array().unwrap() {
        let [id, verdict] = ["id", "verdict"].map(|key| answer[key].as_str().unwrap());
        let row = format!("| `{id}` | {} | ", verdict.replace('_', " "));
        assert!(told.contains(&row), "docs/reproduction.md lacks {row}");
    }
}

#[test]
fn a_plan_counts_networks_and_layers() {
    let dir = tempfile::tempdir().unwrap();
    layerprobe(dir.path())
        .args(["plan", "smoke"])
        .assert()
        .success()
        .stdout(contains("images/s in training"))
        .stdout(contains("trained on shape"))
        .stdout(contains("on disk").not());
    let output = layerprobe(dir.path())
        .args([
            "plan",
            STUDY,
            "--scale",
            "smoke",
            "--message-format",
            "json",
        ])
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["reason"], &last["runs"]),
        (&"done".into(), &4.into())
    );
    // every line says how much memory it takes, and the last as much as the largest
    for key in ["memory_bytes", "least_memory_bytes"] {
        let all = lines.iter().filter(|l| l["reason"] == "plan");
        let all: Vec<u64> = all.map(|l| l[key].as_u64().unwrap()).collect();
        assert_eq!(all.len(), 4);
        assert_eq!(all.iter().max().copied(), last[key].as_u64(), "{key}");
    }
    // decoded again, networks are not trained again
    let again = lines.iter().find(|l| l["run"] == "shape-texture-0.5-paper");
    let again = again.unwrap();
    assert_eq!(
        (&again["networks_of"], &again["train_seconds"]),
        (&"shape-texture-0.5".into(), &0.0.into())
    );
    assert!(again["paper_seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(
        last["left_out"][1],
        "what --variations adds: trifeature-second-per-run, binary-majority"
    );
    assert!(last["seconds"].as_f64().unwrap() > 0.0);
    // of bits, a file that starts from a preset like the preset itself
    fs::write(
        dir.path().join("my.toml"),
        "base = \"binary-smoke\"\nname = \"my\"\n",
    )
    .unwrap();
    for (what, networks) in [("binary-smoke", 9), ("my.toml", 3)] {
        let mut command = layerprobe(dir.path());
        command.args(["plan", what, "--message-format", "json"]);
        if what == "my.toml" {
            command.args(["--set", "training.runs=1"]);
        }
        let output = command.output().unwrap();
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["networks"], networks);
        assert_eq!(
            (&told["epochs"], &told["checkpoints"]),
            (&300.into(), &3.into())
        );
        let label = &told["conditions"][0];
        assert_eq!(label["target"], "label");
        assert!(label["easy_predictivities"].as_array().unwrap().len() > 1);
        for part in ["train_seconds", "probe_seconds", "disk_bytes"] {
            assert!(told[part].as_f64().unwrap() > 0.0, "{part}");
        }
    }
    layerprobe(dir.path())
        .args(["plan", "binary-smoke", "--variations"])
        .assert()
        .code(2)
        .stderr(contains("--variations belongs to a study"));
    layerprobe(dir.path())
        .args(["plan", "quik"])
        .assert()
        .code(2)
        .stderr(contains("quick"));
}
