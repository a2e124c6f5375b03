//! Running the program, and comparing what it leaves behind.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use assert_cmd::Command;

/// The program, in a folder of its own.
pub fn layerprobe(dir: &Path) -> Command {
    let mut command = Command::cargo_bin("layerprobe").expect("the program is built");
    command.current_dir(dir);
    command
}

/// Waits until something is so, a minute at most. It fails at once where the program ends
/// before, and leaves none behind.
pub fn wait_until(child: &mut Child, what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        if let Some(status) = child.try_wait().expect("a process that can be asked") {
            panic!("waiting until {what}, the program ended with {status}");
        }
        if Instant::now() > deadline {
            child.kill().ok();
            child.wait().ok();
            panic!("waited a minute until {what}, and the program goes on without");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Every file below a folder by its path, hidden ones left out.
pub fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder that can be listed") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(root).expect("below the root");
            if path.is_dir() {
                folders.push(path);
            } else if !name.to_string_lossy().contains("/.")
                && !name.to_string_lossy().starts_with('.')
            {
                let name = name.to_string_lossy().into_owned();
                found.insert(name, fs::read(&path).expect("a file that can be read"));
            }
        }
    }
    found
}

/// The same without what may differ from run to run: the manifest, and the
/// page that quotes its seconds.
pub fn results(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = files(root);
    found.remove("manifest.json");
    found.remove("report/index.html");
    found.retain(|name, _| !name.ends_with("training.json"));
    found
}

/// Fails on the first difference, by name.
pub fn assert_same(left: &BTreeMap<String, Vec<u8>>, right: &BTreeMap<String, Vec<u8>>) {
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(left), names(right));
    for (name, bytes) in left {
        assert!(Some(bytes) == right.get(name), "{name} differs");
    }
}
