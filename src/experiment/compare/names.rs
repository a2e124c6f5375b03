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
        let most = a.components().count().max(b.components().count());
        for parts in 2..=most {
            if first != second {
                break;
            }
            (*first, *second) = (tail(&a, parts), tail(&b, parts));
        }
        // names that are no text may look the same
        if first == second {
            first.push_str(" (1)");
            second.push_str(" (2)");
        }
    }
    names
}

/// The names of two files in what tells their layers apart: without their endings, and
/// where these are alike, with as much of the folders above them as differs.
pub(super) fn file_names(files: &[PathBuf]) -> Vec<String> {
    let names = run_names(files);
    let bare = |name: &String| Path::new(name).with_extension("").display().to_string();
    let without: Vec<String> = names.iter().map(bare).collect();
    match (&names[..], &without[..]) {
        // one ending tells them apart
        ([a, b], [first, second]) if a != b && first == second => names,
        _ => without,
    }
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
    fn files_are_named_without_their_endings_where_that_tells_them_apart() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        for folder in ["x", "y"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        for file in ["x/acts.npy", "y/acts.npy", "y/acts.safetensors", "y/b.npy"] {
            std::fs::write(at(file), file).unwrap();
        }
        let names = |given: [&str; 2]| file_names(&given.map(at));
        assert_eq!(names(["x/acts.npy", "y/b.npy"]), ["acts", "b"]);
        assert_eq!(names(["x/acts.npy", "x/acts.npy"]), ["acts", "acts"]);
        assert_eq!(names(["x/acts.npy", "y/acts.npy"]), ["x/acts", "y/acts"]);
        let both = names(["y/acts.npy", "y/acts.safetensors"]);
        assert_eq!(both, ["acts.npy", "acts.safetensors"]);
        assert_eq!(file_names(&[at("y/b.npy")]), ["b"]);
    }

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
            // bytes that are no text look the same
            use std::ffi::OsStr;
            use std::os::unix::ffi::OsStrExt;
            let odd = [b"\xfe", b"\xff"].map(|name| dir.path().join(OsStr::from_bytes(name)));
            odd.iter()
                .for_each(|path| std::fs::create_dir_all(path.join("run")).unwrap());
            let [a, b] = &run_names(&odd.map(|path| path.join("run")))[..] else {
                panic!("two names");
            };
            assert_ne!(a, b);
        }
    }
}
