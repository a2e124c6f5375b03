//! What the control groups of a process leave it of the machine's memory.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// Where the system shows control groups.
const MOUNT: &str = "/sys/fs/cgroup";

/// Bytes that this process may still take, by the tightest of its group and the groups
/// around it; `None` where none has a limit, or the system tells of none.
pub(super) fn free() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    free_in(Path::new(MOUNT), &groups)
}

/// The files of a version of control groups.
struct Files {
    most: &'static str,
    now: &'static str,
    /// The line of `memory.stat` on pages of files that were read long ago: they count as
    /// taken, and are given up at once.
    given_up: &'static str,
}

const VERSION_1: Files = Files {
    most: "memory.limit_in_bytes",
    now: "memory.usage_in_bytes",
    given_up: "total_inactive_file ",
};

const VERSION_2: Files = Files {
    most: "memory.max",
    now: "memory.current",
    given_up: "inactive_file ",
};

/// As [`free`], of the groups that `/proc/self/cgroup` names, below a folder: a line
/// `0::PATH` for version 2, `N:memory:PATH` for version 1.
fn free_in(mount: &Path, groups: &str) -> Option<u64> {
    let of_line = |line: &str| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        let (root, files) = match controllers {
            "" => (mount.to_owned(), &VERSION_2),
            _ if controllers.split(',').any(|name| name == "memory") => {
                (mount.join("memory"), &VERSION_1)
            }
            _ => return None,
        };
        let around = upwards(&root, path);
        around.iter().filter_map(|group| files.free(group)).min()
    };
    groups.lines().filter_map(of_line).min()
}

/// A group's folder and those around it, up to the root. A process that sees its own group
/// as the root may be told a path that is not there, or that leads out of it.
fn upwards(root: &Path, path: &str) -> Vec<PathBuf> {
    let path = Path::new(path.trim_start_matches('/'));
    let is_below = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let below = if is_below { path } else { Path::new("") };
    below.ancestors().map(|group| root.join(group)).collect()
}

impl Files {
    fn free(&self, group: &Path) -> Option<u64> {
        let read = |name: &str| fs::read_to_string(group.join(name)).ok();
        // without a limit: `max`
        let most: u64 = read(self.most)?.trim().parse().ok()?;
        let now: u64 = read(self.now)?.trim().parse().ok()?;
        let table = read("memory.stat").unwrap_or_default();
        let given_up = table
            .lines()
            .find_map(|line| line.strip_prefix(self.given_up)?.trim().parse().ok());
        Some(most.saturating_sub(now.saturating_sub(given_up.unwrap_or(0))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// A group with a limit, what is taken of it, and how much of that is given up.
    fn make(group: &Path, files: &Files, most: &str, now: u64, given_up: u64) {
        fs::create_dir_all(group).unwrap();
        fs::write(group.join(files.most), format!("{most}\n")).unwrap();
        fs::write(group.join(files.now), format!("{}\n", now * MIB)).unwrap();
        let stat = format!("anon 5\n{}{}\n", files.given_up, given_up * MIB);
        fs::write(group.join("memory.stat"), stat).unwrap();
    }

    fn mib(count: u64) -> String {
        (count * MIB).to_string()
    }

    #[test]
    fn the_tightest_group_on_the_way_up_counts() {
        let mount = tempfile::tempdir().unwrap();
        let job = mount.path().join("system.slice/job_7");
        make(&job.join("step_0"), &VERSION_2, "max", 100, 0);
        make(&job, &VERSION_2, &mib(1000), 300, 50);
        make(
            &mount.path().join("system.slice"),
            &VERSION_2,
            &mib(9000),
            400,
            0,
        );
        let of = |path: &str| free_in(mount.path(), &format!("0::{path}\n"));
        assert_eq!(of("/system.slice/job_7/step_0"), Some(750 * MIB));
        assert_eq!(of("/system.slice"), Some(8600 * MIB));
        // the mount has no limit of its own
        assert_eq!(of("/"), None);
    }

    #[test]
    fn the_first_version_has_a_tree_for_memory() {
        let mount = tempfile::tempdir().unwrap();
        let root = mount.path().join("memory");
        make(&root, &VERSION_1, "9223372036854771712", 500, 0);
        make(&root.join("slurm/job_7"), &VERSION_1, &mib(2000), 900, 100);
        let groups = "4:cpu,cpuacct:/elsewhere\n3:memory:/slurm/job_7\n0::/\n";
        assert_eq!(free_in(mount.path(), groups), Some(1200 * MIB));
    }

    #[test]
    fn a_container_sees_its_own_group_as_the_root() {
        let mount = tempfile::tempdir().unwrap();
        make(mount.path(), &VERSION_2, &mib(512), 12, 0);
        let of = |path: &str| free_in(mount.path(), &format!("0::{path}\n"));
        assert_eq!(of("/"), Some(500 * MIB));
        assert_eq!(of("/kubepods/pod9"), Some(500 * MIB));
        assert_eq!(of("/../../other"), Some(500 * MIB));
        assert_eq!(free_in(mount.path(), "no group\n"), None);
    }
}
