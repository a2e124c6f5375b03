//! Texts that are safe where a shell or Slurm reads them.

/// A word of a shell command line: within single quotes nothing means anything
/// but the quote itself.
pub fn shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=@%+".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// Whether a text may stand bare in an `#SBATCH` line and in a shell command.
pub fn is_bare(text: &str) -> bool {
    let bare = |c: char| c.is_ascii_alphanumeric() || "-_.,:=@+/".contains(c);
    !text.is_empty() && !text.starts_with('-') && text.chars().all(bare)
}

/// A file name for an `#SBATCH` line, where `%` begins a pattern; none if a
/// character of it cannot be written there.
pub fn sbatch_path(path: &str) -> Option<String> {
    let is_fine = |c: char| !c.is_control() && !"\"'\\".contains(c);
    let all = path.chars().all(is_fine);
    all.then(|| path.replace('%', "%%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_shell_gives_words_back_as_they_were() {
        for word in [
            "plain/path-1.sh",
            "two words",
            "$(touch /tmp/x)",
            "it's `id`; \"x\" \\ \n end",
            "",
            "-n",
            "*",
        ] {
            let echoed = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {}", shell(word))])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(echoed.stdout).unwrap(), word);
        }
        assert_eq!(shell("plain/path-1.sh"), "plain/path-1.sh");
    }

    #[test]
    fn what_could_begin_anything_else_is_not_bare() {
        assert!(is_bare("gpu,long") && is_bare("a100:2") && is_bare("p.42-x_y@z"));
        for text in [
            "", "a b", "a\nb", "$x", "`x`", "a;b", "\"", "#x", "--wrap", "é",
        ] {
            assert!(!is_bare(text), "{text}");
        }
        assert_eq!(sbatch_path("/a b/50%").unwrap(), "/a b/50%%");
        assert_eq!(sbatch_path("/a\"b"), None);
        assert_eq!(sbatch_path("/a\nb"), None);
    }
}
