//! The batch scripts of a submission.

use std::path::Path;

use super::quote::{sbatch_path, shell};
use super::site::Site;
use super::values::Values;
use super::wishes::Wishes;
use crate::sweep::slurm::{Plan, SlurmError};

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
                command: format!(
                    "{} sweep task {} --task {task}",
                    shell(&program),
                    shell(&folder)
                ),
                wishes: wishes.clone(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::slurm::{PlannedTask, Span};

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
            throttle: Some(4),
            cpus: Some(2),
            ..Wishes::new(Span::new(60), Span::new(20))
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
