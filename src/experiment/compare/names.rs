use std::path::{Path, PathBuf};

/// The names of two runs in what tells their networks apart: their folders' own, and
/// where these are alike, with as much of the folders above them as differs.
pub(in crate::experiment) fn run_names(folders: &[PathBuf]) -> Vec<String> {
    let whole = |folder: &PathBuf| folder.canonicalize().unwrap_or_else(|_| folder.clone());
    let own = |folder: &PathBuf| match folder.file_name() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => tail(&whole(folder), 1),
    };
    let mut names: Vec<String> = folders.iter().map(own).collect();
    if let ([a, b], [first, second]) = (folders, &mut names[..])
        && first == second
        && whole(a) != whole(b)
    {
        let (a, b) = (whole(a), whole(b));
        let mut parts = 1;
        while first == second {
            parts += 1;
            (*first, *second) = (tail(&a, parts), tail(&b, parts));
        }
    }
    names
}

/// The last parts of a path.
fn tail(path: &Path, parts: usize) -> String {
    let all: Vec<_> = path.iter().collect();
    let last = all.get(all.len().saturating_sub(parts)..);
    let last = last.unwrap_or_default().iter().collect::<PathBuf>();
    last.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_named_as_given_and_apart() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        for folder in ["a/run", "b/run", "b/other"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        let names = |given: [&str; 2]| run_names(&given.map(at));
        assert_eq!(names(["a/run", "b/other"]), ["run", "other"]);
        assert_eq!(names(["a/run", "a/run"]), ["run", "run"]);
        assert_eq!(names(["a/run", "b/../a/run"]), ["run", "run"]);
        assert_eq!(names(["a/run", "b/run"]), ["a/run", "b/run"]);
        assert_eq!(names(["a/run/.", "b/other/.."]), ["run", "b"]);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("a/run"), at("link")).unwrap();
            assert_eq!(names(["link", "b/run"]), ["link", "run"]);
        }
    }
}
