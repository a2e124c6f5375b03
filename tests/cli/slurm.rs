//! Sweeps through Slurm, with programs in its place that answer as it does: a
//! real cluster is `tests/slurm/run.sh`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::folder::{layerprobe, wait_until};

const SMALL: &str = r#"
name = "small"
base = "smoke"
[set]
training.targets = ["color"]
training.epochs = 1
probes.penalties = [10]
probes.layers = ["fc1"]
[axes]
seed = [0, 1, 2, 3, 4]
"#;

/// Writes programs of Slurm into `bin`: each notes its calls, and answers with
/// what lies in the files beside it.
fn slurm(dir: &Path) {
    let bin = dir.join("bin");
    fs::create_dir_all(&bin).unwrap();
    let program = |name: &str, body: &str| {
        let path = bin.join(name);
        let text = format!(
            "#!/bin/sh\necho \"{name} $*\" >>'{}'\n{body}",
            dir.join("calls").display()
        );
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let answer = |name: &str| format!("/bin/cat '{}'\n", dir.join(name).display());
    program(
        "sbatch",
        &format!(
            "case $1 in --test-only) /bin/cat >/dev/null; echo would start >&2;; *) {}esac\n",
            answer("job")
        ),
    );
    program("squeue", &answer("queue"));
    program(
        "scontrol",
        &format!(
            "case $1-$2 in show-config) echo 'MaxArraySize            = 2';; show-job) {};; \
             *) . '{}';; esac\n",
            answer("state").trim_end(),
            dir.join("requeue").display()
        ),
    );
    fs::write(dir.join("job"), "17;lab\n").unwrap();
    fs::write(dir.join("queue"), "").unwrap();
    fs::write(dir.join("requeue"), "").unwrap();
    fs::write(dir.join("sweep.toml"), SMALL).unwrap();
}

/// `layerprobe sweep VERB sweep.toml`, which finds these programs alone.
fn sweep(dir: &Path, verb: &str, more: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = layerprobe(dir);
    command.env("PATH", dir.join("bin"));
    command.args(["sweep", verb, "sweep.toml"]).args(more);
    command.assert()
}

fn calls(dir: &Path) -> String {
    let calls = fs::read_to_string(dir.join("calls")).unwrap_or_default();
    fs::remove_file(dir.join("calls")).ok();
    calls
}

#[test]
fn a_dry_run_shows_scripts_and_calls_and_does_nothing() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("sweep.toml"), SMALL).unwrap();
    // there is no Slurm
    let time = ["--cell-time", "10m", "--task-time", "20m"];
    let more = ["--partition", "main", "--cpus", "2", "--throttle", "3"];
    let options = [&["--dry-run"][..], &time, &more].concat();
    sweep(dir.path(), "submit", &options)
        .success()
        .stdout(contains("#SBATCH --array=0-2%3\n"))
        .stdout(contains("#SBATCH --partition=main\n"))
        .stdout(contains("#SBATCH --cpus-per-task=2\n"))
        .stdout(contains("#SBATCH --time=0:40:00\n"))
        .stdout(contains("#SBATCH --signal=B:USR1@120\n"))
        .stdout(contains("account").not())
        .stdout(contains(
            "sweeps/small/slurm/NEW --task \"$SLURM_ARRAY_TASK_ID\"\n",
        ))
        .stdout(contains("$ sbatch --parsable /"))
        .stdout(contains("5 cells in 3 tasks, the fullest of about 20 min"));
    assert!(!dir.path().join("sweeps").exists());
    sweep(dir.path(), "submit", &time)
        .code(2)
        .stderr(contains("there is no `sbatch` here"));
    assert!(!dir.path().join("sweeps").exists());

    for (options, said) in [
        (&["--partition", "a b"][..], "`a b` cannot be"),
        (&["--account", "$(id)"], "`$(id)` cannot be"),
        (&["--task-time", "1"], "no length of time"),
        (&["--throttle", "0"], "0 is not in"),
        (&["--site", "none.sh"], "cannot read the site none.sh"),
        (&["--time-limit", "1m"], "give more than --signal-before"),
        (&["--memory", "60M"], "cell seed0: probing layer `fc1`"),
    ] {
        let all = [&["--dry-run", "--cell-time", "1m"][..], options].concat();
        sweep(dir.path(), "submit", &all)
            .code(2)
            .stderr(contains(said));
    }
    // the site as it is printed is the usual one
    let site = layerprobe(dir.path()).args(["sweep", "site"]).output();
    fs::write(dir.path().join("site.sh"), site.unwrap().stdout).unwrap();
    sweep(
        dir.path(),
        "submit",
        &[&options[..], &["--site", "site.sh"]].concat(),
    )
    .success()
    .stdout(contains("#SBATCH --array=0-2%3\n"));
}

#[test]
fn what_is_missing_is_submitted_once() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    slurm(dir);
    let options = ["--cell-time", "10m", "--task-time", "20m"];
    sweep(dir, "submit", &options)
        .success()
        .stdout(contains("array job 17: "))
        .stdout(contains("5 cells in 3 tasks"));
    let said = calls(dir);
    assert!(said.contains("sbatch --test-only\n"), "{said}");
    // an array may have two
    for array in 0..2 {
        let script = format!("sweeps/small/slurm/0001/array-{array}.sh");
        assert!(said.contains(&format!("{script}\n")), "{said}");
        let text = fs::read_to_string(dir.join(&script)).unwrap();
        assert!(text.contains("sweeps/small/slurm/0001 --task"), "{text}");
    }
    assert!(dir.join("sweeps/small/cells/seed4/config.toml").exists());

    // all are in the queue but the last task, of the second array
    fs::write(dir.join("job"), "18\n").unwrap();
    let jobs = dir.join("sweeps/small/slurm/0001/jobs.json");
    fs::write(&jobs, r#"{"jobs": [17, 18]}"#).unwrap();
    let queue = "17|0|RUNNING|None\n17|1|PENDING|Resources\n";
    fs::write(dir.join("queue"), queue).unwrap();
    sweep(dir, "submit", &options)
        .success()
        .stderr(contains("4 cells are in the queue already"))
        .stdout(contains("1 cells in 1 tasks"));
    assert!(calls(dir).contains("--jobs 17,18\n"));
    sweep(dir, "status", &[])
        .success()
        .stdout(contains("slurm/0001 task 0: running, 0 of 2 cells done\n"))
        .stdout(contains("slurm/0001 task 1: pending (Resources), "))
        .stdout(contains("slurm/0001 task 2: not in the queue, "))
        .stdout(contains(
            "slurm/0001 (array jobs 17, 18): 0 of 3 tasks are done, 2 in the queue, 1 neither; \
             submit again what is missing",
        ));
    // the notes are enough
    fs::remove_file(dir.join("bin/squeue")).unwrap();
    sweep(dir, "status", &[])
        .success()
        .stdout(contains(
            "slurm/0001 task 2: not started, 0 of 1 cells done",
        ))
        .stdout(contains("the queue is not known here"));

    // refused before anything is written
    fs::write(
        dir.join("bin/sbatch"),
        "#!/bin/sh\necho no such account >&2\nexit 1\n",
    )
    .unwrap();
    sweep(dir, "submit", &[&options[..], &["--out", "other"]].concat())
        .code(1)
        .stderr(contains(
            "`sbatch --test-only` was refused: no such account",
        ));
    assert!(!dir.join("other").exists());
}

/// A task as Slurm starts it: element 0 of array job 17.
fn task(dir: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("layerprobe"));
    command
        .args(["sweep", "task", "sweeps/small/slurm/0001", "--task", "0"])
        .current_dir(dir)
        .env("PATH", dir.join("bin"))
        .env("SLURM_ARRAY_JOB_ID", "17")
        .env("SLURM_ARRAY_TASK_ID", "0")
        .env("SLURM_CPUS_ON_NODE", "1")
        .env("SLURMD_NODENAME", "n7")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn note(dir: &Path) -> Value {
    let path = dir.join("sweeps/small/slurm/0001/tasks/0.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_task_asked_to_stop_goes_back_into_the_queue_once_it_got_on() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    slurm(dir);
    let long = SMALL
        .replace("epochs = 1", "epochs = 60")
        .replace("[0, 1, 2, 3, 4]", "[0, 1]");
    fs::write(dir.join("sweep.toml"), long).unwrap();
    let options = ["--cell-time", "1m", "--task-time", "10m", "--requeues", "1"];
    sweep(dir, "submit", &options).success();
    calls(dir);

    let running = "JobState=RUNNING Restarts=0 PreemptTime=2026-11-26T06:33:27";
    fs::write(dir.join("state"), running).unwrap();
    let snapshot = dir.join(
        "sweeps/small/cells/seed0/conditions/trifeature-color-cnn4-split0-seed0/resume.safetensors",
    );
    let log = dir.join("log.jsonl");
    let trainings = || {
        let log = fs::read_to_string(&log).unwrap_or_default();
        let begins = ["starts with step 0", "goes on from a snapshot"];
        begins
            .map(|begin| log.matches(begin).count())
            .iter()
            .sum::<usize>()
    };
    let stop_once_it_trains = || {
        let before = trainings();
        let mut child = task(dir).args(["--log-file", "log.jsonl"]).spawn().unwrap();
        wait_until(&mut child, "a cell trains", || trainings() > before);
        // a few steps
        std::thread::sleep(Duration::from_secs(1));
        let usr1 = Command::new("kill")
            .args(["-USR1", &child.id().to_string()])
            .status();
        assert!(usr1.unwrap().success());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(75), "{said}");
        said
    };
    fs::write(dir.join("requeue"), "echo it is disabled >&2; exit 1").unwrap();
    let said = stop_once_it_trains();
    assert!(
        said.contains("task 0: asked to stop, not put back into the queue: it is disabled"),
        "{said}"
    );
    assert_eq!(note(dir)["requeues"], 0);
    calls(dir);

    fs::write(dir.join("requeue"), "").unwrap();
    let said = stop_once_it_trains();
    assert!(
        said.contains("task 0: put back into the queue to make room for another job"),
        "{said}"
    );
    assert!(snapshot.exists());
    let said = calls(dir);
    assert!(
        said.ends_with("scontrol show job 17_0\nscontrol requeue 17_0\n"),
        "{said}"
    );
    let first = note(dir);
    assert_eq!(
        (&first["starts"], &first["requeues"]),
        (&2.into(), &1.into())
    );
    assert_eq!(first["node"], "n7");

    // once more is once too often
    stop_once_it_trains();
    let second = note(dir);
    let ended = second["ended"].as_str().unwrap();
    assert!(ended.contains("put back 1 times already"), "{ended}");
    assert_eq!(second["starts"], 3);
    assert!(!calls(dir).contains("requeue"));

    // a job that was canceled stays so
    fs::write(dir.join("state"), "JobState=COMPLETING Restarts=0").unwrap();
    let said = stop_once_it_trains();
    assert!(
        said.contains("Slurm has the job in hand (COMPLETING)"),
        "{said}"
    );
    assert!(!calls(dir).contains("requeue"));
}

#[test]
fn a_task_without_slurm_runs_its_cells() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    slurm(dir);
    sweep(dir, "submit", &["--cell-time", "1m", "--task-time", "2m"]).success();
    let output = task(dir).env_remove("SLURM_ARRAY_JOB_ID").output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("2 of 2 cells are done"));
    assert_eq!(note(dir)["ended"], "done");
    sweep(dir, "status", &[])
        .success()
        .stdout(contains("2 of 5 cells are done"))
        .stdout(contains("1 of 3 tasks are done"));
    for (submission, said) in [
        ("sweeps/small/slurm/0001", "its tasks are 0 to 2"),
        ("sweeps/small", "is no plan of a submission"),
    ] {
        let mut wrong = layerprobe(dir);
        wrong.args(["sweep", "task", submission, "--task", "9"]);
        wrong.assert().code(2).stderr(contains(said));
    }
}
