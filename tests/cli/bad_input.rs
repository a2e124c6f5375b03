//! What bad input gets: an error with the place and what to do, before work.

use std::fs;

use predicates::str::contains;

use crate::folder::layerprobe;

/// Runs and expects exit code 2, each text on stderr, and no run folder.
pub fn refused(arguments: &[&str], texts: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let mut assert = layerprobe(dir.path()).args(arguments).assert().code(2);
    for text in texts {
        assert = assert.stderr(contains(*text));
    }
    assert!(!dir.path().join("runs").exists(), "work was started");
}

#[test]
fn unknown_names_suggest_the_nearest() {
    refused(
        &["run", "quik"],
        &["no preset `quik`", "(did you mean `quick`?); presets: "],
    );
    let set = |assignment: &'static str| ["run", "smoke", "--set", assignment];
    refused(
        &set("training.epoch=3"),
        &[
            "--set: unknown key `training.epoch`",
            "did you mean `training.epochs`?",
        ],
    );
    refused(
        &set("probes.layers=[\"pool_3\"]"),
        &[
            "unknown layer of cnn4 `pool_3`",
            "did you mean `pool3`?",
            "known: pixel_stats, input, pool1",
        ],
    );
    refused(
        &set("probes.features=[\"colour\"]"),
        &["unknown feature `colour`", "did you mean `color`?"],
    );
    refused(
        &set("network.arch=cnn5"),
        &["unknown network `cnn5`", "did you mean `cnn4`?"],
    );
}

#[test]
fn values_that_cannot_work_are_refused() {
    let set = |assignment: &'static str| ["run", "smoke", "--set", assignment];
    refused(
        &set("stimuli.object_size=31"),
        &["stimuli.image_size", "31"],
    );
    refused(&set("stimuli.image_size=40"), &["divisible by 16"]);
    refused(&set("split.held_out=9"), &["leaves 1 class"]);
    refused(&set("split.versions=[5]"), &["no hold-out version 5"]);
    refused(&set("probes.penalties=[-1]"), &["-1 is no penalty"]);
    refused(
        &set("probes.untrained_images=rae"),
        &["unknown choice `rae`", "did you mean `raw`?", "normalized"],
    );
    refused(
        &set("training.epochs=-1"),
        &["training.epochs", "whole number"],
    );
    refused(
        &set("training.learning_rate=fast"),
        &["wants a number, not string \"fast\""],
    );
    refused(&["run", "smoke", "--threads", "0"], &["--threads 0"]);
}

#[test]
fn what_is_wanted_instead_is_what_would_do() {
    let set = |assignment: &'static str| ["run", "smoke", "--set", assignment];
    refused(
        &set("correlation.predictivity=0.9"),
        &["`correlation.pair` is missing; it wants two features, such as [\"shape\", \"color\"]"],
    );
    refused(&set("split.versions=0"), &["such as [0, 1, 2]"]);
    refused(&set("training.epochs=-3"), &["a whole number from 0"]);
    refused(
        &set("training.learning_rate=11"),
        &["11 is not above 0 and at most 10"],
    );
    refused(
        &set("training.learning_rate=0"),
        &["0 is not above 0 and at most 10"],
    );
}

#[test]
fn a_number_below_zero_is_told_its_range() {
    for (arguments, said) in [
        (
            &["run", "quick", "--threads", "-1"][..],
            "'--threads <N>': give a number from 1 to 1024",
        ),
        (
            &["run", "quick", "--snapshot-every", "-1"],
            "--snapshot-every: give a number of seconds from 0 on",
        ),
        (
            &["render", "navon", "--out", "x", "--count", "-1"],
            "'--count <N>': give a whole number from 0",
        ),
        (
            &["render", "navon", "--out", "x", "--seed", "-1"],
            "'--seed <SEED>': give a whole number from 0",
        ),
        (
            &["layers", "cnn4", "--image-size", "-3"],
            "'--image-size <N>': give a whole number from 1",
        ),
        (
            &["sweep", "submit", "x.toml", "--cpus", "-1"],
            "-1 is not in 1..",
        ),
    ] {
        refused(arguments, &[said]);
    }
}

#[test]
fn an_option_that_is_a_setting_is_told_how_that_is_given() {
    for (arguments, setting) in [
        (
            &["run", "quick", "--epochs", "3"][..],
            "--set training.epochs=3",
        ),
        (
            &["binary", "binary-smoke", "--runs=2"],
            "--set training.runs=2",
        ),
        (
            &["render", "navon", "--sheet", "x.png", "--image-size", "64"],
            "--set stimuli.image_size=64",
        ),
    ] {
        refused(arguments, &["unexpected argument", setting]);
    }
}

#[test]
fn a_study_is_told_from_a_preset() {
    let study = "hermann-lampinen-2020";
    let said = "`hermann-lampinen-2020` is a study: layerprobe reproduce hermann-lampinen-2020";
    for verb in [
        &["run", study][..],
        &["binary", study],
        &["config", "show", study],
    ] {
        refused(verb, &[said]);
    }
    refused(
        &["plan", "hermann-lampinen-2021"],
        &[
            "(did you mean `hermann-lampinen-2020`?); presets: quick, ",
            "; studies: hermann-lampinen-2020",
        ],
    );
}

#[test]
fn options_and_layers_belong_to_their_architecture() {
    let set = |assignment: &'static str| ["run", "smoke", "--set", assignment];
    refused(
        &set("network.fc_width=29"),
        &["--set: `network.fc_width`", "cnn4", "no such option"],
    );
    refused(&set("network.arch=resnet5"), &["did you mean `resnet50`?"]);
    let mut alexnet = set("network.arch=alexnet").to_vec();
    alexnet.extend(["--set", "stimuli.image_size=48"]);
    refused(&alexnet, &["48 x 48", "below 63"]);
    let mut twice = set("network.arch=resnet18").to_vec();
    twice.extend(["--set", "probes.layers=[\"layer4\", \"pre_pool\"]"]);
    refused(&twice, &["two names of one layer"]);
}

#[test]
fn optimizers_and_schedules_have_their_own_keys() {
    let set = |assignment: &'static str| ["run", "smoke", "--set", assignment];
    refused(
        &set("training.optimizer=adamv"),
        &["unknown optimizer `adamv`", "did you mean `adam`?", "sgd"],
    );
    refused(
        &set("training.schedule=cosinus"),
        &["unknown schedule `cosinus`", "did you mean `cosine`?"],
    );
    refused(
        &set("training.momentum=0.9"),
        &[
            "--set: `training.momentum`",
            "optimizer = [\"sgd\"]",
            "\"adam\"",
        ],
    );
    refused(
        &set("training.nestrov=true"),
        &["unknown key `training.nestrov`"],
    );
    refused(
        &set("training.schedule=step"),
        &["`training.step_epochs` is missing"],
    );
    refused(
        &set("training.warmup_epochs=2"),
        &["warmup_epochs", "2 epochs"],
    );
    refused(&set("training.beta1=1"), &["training.beta1", "below 1"]);
}

#[test]
fn schedules_of_checkpoints_have_their_own_keys() {
    refused(
        &["run", "smoke", "--set", "checkpoints.every=5"],
        &[
            "--set: `checkpoints.every`",
            "schedule = [\"every\"]",
            "\"log\"",
        ],
    );
}

#[test]
fn where_either_kind_will_do_presets_of_both_are_offered() {
    for verb in [
        &["plan", "binary-smok"][..],
        &["config", "show", "binary-smok"],
    ] {
        let texts = ["did you mean `binary-smoke`?", "quick5", "binary-quick"];
        refused(verb, &texts);
    }
}

#[test]
fn a_predictivity_outside_zero_and_one_is_refused() {
    for p in ["1.5", "-0.1", "0.05"] {
        let assignment = format!("correlation.predictivity={p}");
        refused(
            &[
                "run",
                "smoke",
                "--set",
                "correlation.pair=[\"shape\", \"color\"]",
                "--set",
                &assignment,
            ],
            &["correlation.predictivity", p],
        );
    }
}

#[test]
fn mistakes_in_a_file_are_placed_by_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("my.toml");
    fs::write(
        &file,
        "name = \"my\"\nbase = \"smoke\"\n[training]\nepoch = 1\n",
    )
    .unwrap();
    layerprobe(dir.path())
        .args(["run", "my.toml"])
        .assert()
        .code(2)
        .stderr(contains("my.toml:4: unknown key `training.epoch`"));
    fs::write(&file, "name = \"my\"\nbase = = \n").unwrap();
    layerprobe(dir.path())
        .args(["run", "my.toml"])
        .assert()
        .code(2)
        .stderr(contains("my.toml:2: not valid TOML"));
    layerprobe(dir.path())
        .args(["run", "missing.toml"])
        .assert()
        .code(2)
        .stderr(contains("missing.toml"));
}

#[test]
fn a_folder_of_another_config_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let run = |epochs: &str| {
        let mut command = layerprobe(dir.path());
        command.args(["run", "smoke", "--quiet", "--out", "here", "--set"]);
        command.arg(format!("training.epochs={epochs}")).assert()
    };
    run("1").success();
    run("2")
        .code(2)
        .stderr(contains("another configuration"))
        .stderr(contains("there `epochs = 1`, here `epochs = 2`"));
    fs::create_dir(dir.path().join("thesis")).unwrap();
    fs::write(dir.path().join("thesis/main.tex"), "x").unwrap();
    layerprobe(dir.path())
        .args(["run", "smoke", "--out", "thesis"])
        .assert()
        .code(2)
        .stderr(contains("main.tex"));
}

#[test]
fn what_belongs_to_another_verb_says_which() {
    let dir = tempfile::tempdir().unwrap();
    let sweep = "name = \"x\"\nbase = \"smoke\"\n[axes]\nseed = [0, 1]\n";
    fs::write(dir.path().join("seeds.toml"), sweep).unwrap();
    fs::write(
        dir.path().join("my.toml"),
        "name = \"x\"\nbase = \"smoke\"\n[training]\nepochs = 1\n",
    )
    .unwrap();
    let refused = |arguments: &[&str], said: &str| {
        layerprobe(dir.path())
            .args(arguments)
            .assert()
            .code(2)
            .stderr(contains(said));
    };
    refused(&["run", "seeds.toml"], "layerprobe sweep plan seeds.toml");
    refused(&["plan", "seeds.toml"], "layerprobe sweep plan seeds.toml");
    let bits = "name = \"b\"\nbase = \"binary-smoke\"\n[decoding]\nepochs = 3\n";
    fs::write(dir.path().join("bits.toml"), bits).unwrap();
    let images = "name = \"i\"\nbase = \"smoke\"\n[probes]\nlayers = [\"fc1\"]\n";
    fs::write(dir.path().join("images.toml"), images).unwrap();
    refused(&["run", "bits.toml"], "layerprobe binary bits.toml");
    let rule = "[stimuli]\neasy_rule = \"majority\"\n";
    fs::write(dir.path().join("rule.toml"), rule).unwrap();
    refused(&["run", "rule.toml"], "layerprobe binary rule.toml");
    refused(&["binary", "images.toml"], "layerprobe run images.toml");
    for (shown, key) in [("bits.toml", "easy_rule"), ("images.toml", "image_size")] {
        layerprobe(dir.path())
            .args(["config", "show", shown])
            .assert()
            .success()
            .stdout(contains(key));
    }
    refused(
        &["sweep", "plan", "my.toml", "--no-bench"],
        "layerprobe run my.toml",
    );
    refused(
        &["sweep", "plan", "nowhere.toml"],
        "cannot read nowhere.toml",
    );
    refused(&["export", "nowhere", "--out", "x.parquet"], "cannot read");
    let study = "hermann-lampinen-2020";
    refused(&["plan", study, "--set", "training.epochs=3"], "--scale");
    refused(&["plan", "smoke", "--scale", "paper"], "a study");
    refused(&["plan", "smoke", "--only", "rsa-order"], "a study");
    refused(&["plan", "smoke", "--variations"], "a study");
}

#[test]
fn a_folder_without_a_run_has_no_report() {
    let dir = tempfile::tempdir().unwrap();
    layerprobe(dir.path())
        .args(["report", "."])
        .assert()
        .code(2)
        .stderr(contains("is not a run folder"));
    // where the runs of a sweep or of a study are
    fs::create_dir_all(dir.path().join("study/runs")).unwrap();
    fs::create_dir(dir.path().join("study/evidence")).unwrap();
    fs::create_dir(dir.path().join("sweep")).unwrap();
    fs::write(dir.path().join("sweep/sweep.toml"), "").unwrap();
    for (folder, runs) in [("study", "study/runs"), ("sweep", "sweep/cells")] {
        layerprobe(dir.path())
            .args(["report", folder])
            .assert()
            .code(2)
            .stderr(contains(format!("whose runs are in {runs}")));
    }
}
