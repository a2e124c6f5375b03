//! Where a command writes, looked at before it works.

use std::fs;
use std::path::{Path, PathBuf};

use layerprobe_durable::Pending;

use super::exit::Usage;
use crate::experiment::run_folder_around;

/// An argument and the path that it names.
pub type Named<'a> = (&'a str, &'a Path);

/// Refuses an output that is an input or another output, that is a folder or lies in
/// a run's, or that cannot be written: hours of work would be for nothing, or in the place of what
/// they were made of.
///
/// # Errors
/// Of usage, with the two arguments or what the file system said.
pub fn check(inputs: &[Named<'_>], outputs: &[Named<'_>]) -> Result<(), Usage> {
    let mut taken: Vec<(&str, PathBuf)> = Vec::new();
    taken.extend(inputs.iter().map(|(name, path)| (*name, place(path))));
    for (name, path) in outputs {
        let shown = path.display();
        let own = place(path);
        if let Some((other, _)) = taken.iter().find(|(_, known)| *known == own) {
            return Err(Usage(format!(
                "{name} {shown}: that is the file of {other}; name another one"
            )));
        }
        if path.is_dir() {
            return Err(Usage(format!(
                "{name} {shown}: that is a folder; name a file"
            )));
        }
        if let Some(folder) = run_folder_around(path) {
            return Err(Usage(format!(
                "{name} {shown}: {} is a run folder, whose files are hashed; write elsewhere",
                folder.display()
            )));
        }
        // dropped again, it leaves nothing
        Pending::create(path)
            .map_err(|e| Usage(format!("{name} {shown}: cannot be written ({e})")))?;
        taken.push((name, own));
    }
    Ok(())
}

/// One name for one file, also where it is not there yet.
fn place(path: &Path) -> PathBuf {
    let whole = |path: &Path| fs::canonicalize(path).ok();
    let beside = || {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        Some(whole(folder)?.join(path.file_name()?))
    };
    whole(path)
        .or_else(beside)
        .unwrap_or_else(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_neither_an_input_nor_another_output() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("a.npy"), b"numbers").unwrap();
        let roundabout = dir.path().join(".").join("a.npy");
        let (a, b) = (at("a.npy"), at("b.csv"));
        let said = |inputs: &[Named<'_>], outputs: &[Named<'_>]| {
            check(inputs, outputs).map_err(|Usage(said)| said)
        };
        assert_eq!(said(&[("--activations", &a)], &[("--out", &b)]), Ok(()));
        let own = said(&[("--activations", &a)], &[("--out", &roundabout)]).unwrap_err();
        assert!(own.contains("the file of --activations"), "{own}");
        let twice = said(&[], &[("--out", &b), ("--predictions", &b)]).unwrap_err();
        assert!(twice.contains("the file of --out"), "{twice}");
        assert_eq!(fs::read(&a).unwrap(), b"numbers");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_output_lies_in_no_run() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join(".lease")).unwrap();
        fs::create_dir(dir.path().join("report")).unwrap();
        let out = dir.path().join("report/similarity.csv");
        assert!(check(&[], &[("--out", &out)]).is_ok());
        fs::write(dir.path().join("config.toml"), b"").unwrap();
        let new = dir.path().join("not/there/similarity.csv");
        for out in [&out, &new] {
            let Usage(refused) = check(&[], &[("--out", out)]).unwrap_err();
            assert!(refused.contains("is a run folder"), "{refused}");
        }
        assert!(!dir.path().join("not").exists());
    }

    #[test]
    fn an_output_can_be_written() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("labels.csv");
        fs::write(&file, b"shape").unwrap();
        let Usage(under_a_file) = check(&[], &[("--out", &file.join("x.csv"))]).unwrap_err();
        assert!(under_a_file.contains("cannot be written"), "{under_a_file}");
        let Usage(folder) = check(&[], &[("--out", dir.path())]).unwrap_err();
        assert!(folder.contains("name a file"), "{folder}");
    }
}
