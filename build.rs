//! Records which commit the program is built from, for manifests.

use std::path::Path;
use std::process::Command;

/// What the program is made from, and what tells when a commit is made.
const SOURCES: [&str; 12] = [
    "build.rs",
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "generators",
    "probes",
    "reports",
    "linalg",
    "streams",
    "durable",
    ".git/HEAD",
    ".git/logs/HEAD",
];

fn main() {
    // what is not there counts as changed at every build
    for source in SOURCES.iter().filter(|path| Path::new(path).exists()) {
        println!("cargo:rerun-if-changed={source}");
    }
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let state = match git(&["rev-parse", "--short=12", "HEAD"]) {
        None => "not from a git checkout".to_owned(),
        Some(commit) => match git(&["status", "--porcelain", "--untracked-files=no"]) {
            Some(changes) if changes.is_empty() => commit,
            _ => format!("{commit} with uncommitted changes"),
        },
    };
    println!("cargo:rustc-env=LAYERPROBE_GIT={state}");
}
