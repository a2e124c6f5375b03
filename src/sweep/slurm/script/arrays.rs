//! The batch scripts of a submission.

use std::path::Path;

use super::quote::{sbatch_path, shell};
use super::site::Site;
use super::values::{Bare, Values};
use crate::memory::MemoryLimit;
use crate::sweep::slurm::{Plan, SlurmError, Span};

/// What every task asks Slurm for.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// The time limit.
    pub time: Span,
    /// How long before it the program is told.
    pub signal_before: Span,
    /// Tasks at a time.
    pub throttle: Option<u32>,
    /// Partition.
    pub partition: Option<Bare>,
    /// Account.
    pub account: Option<Bare>,
    /// Quality of service.
    pub qos: Option<Bare>,
    /// Processors.
    pub cpus: Option<u32>,
    /// Memory.
    pub memory: Option<MemoryLimit>,
    /// GPUs.
    pub gpus: Option<u32>,
}

/// The script of each array: `submission` is the folder they will lie in, and
/// `program` what a task runs.
///
/// # Errors
/// If the site has no place for a wish, a wish is missing, or a path cannot be
/// written in a script.
pub fn scripts(
    site: &Site,
    name: &str,
    plan: &Plan,
    wishes: &Wishes,
    program: &Path,
    submission: &Path,
) -> Result<Vec<String>, SlurmError> {
    let text = |path: &Path| match path.to_str() {
        Some(text) if !text.contains('\n') => Ok(text.to_owned()),
        _ => Err(SlurmError::Path {
            path: path.to_owned(),
        }),
    };
    let folder = text(submission)?;
    let program = text(program)?;
    let output = sbatch_path(&folder).ok_or_else(|| SlurmError::Path {
        path: submission.to_owned(),
    })?;
    let throttle = wishes.throttle.map(|n| format!("%{n}")).unwrap_or_default();
    let arrays = plan.tasks.chunks(plan.array.max(1)).enumerate();
    arrays
        .map(|(number, tasks)| {
            let first = number * plan.array;
            let task = match first {
                0 => "\"$SLURM_ARRAY_TASK_ID\"".to_owned(),
                first => format!("\"$(({first} + SLURM_ARRAY_TASK_ID))\""),
            };
            site.render(&Values {
                name: name.to_owned(),
                array: format!("0-{}{throttle}", tasks.len() - 1),
                output: format!("{output}/logs/%A_%a.log"),
                time: wishes.time,
                signal_before: wishes.signal_before,
                command: format!(
                    "{} sweep task {} --task {task}",
                    shell(&program),
                    shell(&folder)
                ),
                partition: wishes.partition.clone(),
                account: wishes.account.clone(),
                qos: wishes.qos.clone(),
                cpus: wishes.cpus,
                memory: wishes.memory,
                gpus: wishes.gpus,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::slurm::PlannedTask;

    #[test]
    fn more_tasks_than_an_array_has_become_several_arrays() {
        let task = PlannedTask {
            cells: vec!["a".to_owned()],
            seconds: None,
        };
        let plan = Plan {
            tasks: vec![task; 5],
            array: 2,
            workers: 1,
            retries: 1,
            requeues: 3,
        };
        let wishes = Wishes {
            time: Span::new(60),
            signal_before: Span::new(20),
            throttle: Some(4),
            partition: None,
            account: None,
            qos: None,
            cpus: Some(2),
            memory: None,
            gpus: None,
        };
        let site = Site::load(None).unwrap();
        let (program, folder) = (Path::new("/bin/layerprobe"), Path::new("/d/it's 5%/0001"));
        let made = |folder| scripts(&site, "x", &plan, &wishes, program, folder);
        let error = made(folder).unwrap_err().to_string();
        assert!(error.contains("without quotes"), "{error}");

        let scripts = made(Path::new("/d/a b 5%/0001")).unwrap();
        assert_eq!(scripts.len(), 3);
        for (script, array, task) in [
            (&scripts[0], "0-1%4", "\"$SLURM_ARRAY_TASK_ID\""),
            (&scripts[1], "0-1%4", "\"$((2 + SLURM_ARRAY_TASK_ID))\""),
            (&scripts[2], "0-0%4", "\"$((4 + SLURM_ARRAY_TASK_ID))\""),
        ] {
            let wanted = format!("\n#SBATCH --array={array}\n");
            assert!(script.contains(&wanted), "{script}");
            let wanted =
                format!("\nexec /bin/layerprobe sweep task '/d/a b 5%/0001' --task {task}\n");
            assert!(script.ends_with(&wanted), "{script}");
            assert!(script.contains("--output=\"/d/a b 5%%/0001/logs/%A_%a.log\"\n"));
        }
    }
}
