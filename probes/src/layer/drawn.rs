//! What chance decides about a layer's probes: everything that labels alone can
//! forbid is found here, before any work on activations starts.

use super::splits::{Withheld, instance, seen_values};
use crate::around::{Blocks, Permutable, code_orders, labelings};
use crate::cut::Cut;
use crate::task::Stimuli;
use crate::{CheckedProbeParams, Extras, Instance, ProbeError, ProbeTask, Repeats};

/// A task's rows with other labels.
pub(super) struct Further {
    pub task: usize,
    /// One label for each row of the layer.
    pub labels: Vec<u32>,
}

/// Splits, control labelings, orders of codes and what permutations start from, as
/// far as they are asked for.
pub(super) struct Drawn<'a> {
    pub seen_values: Option<Withheld>,
    pub instance: Option<Withheld>,
    /// Control labelings, one task's after the other's.
    pub controls: Vec<Further>,
    pub orders: Vec<Blocks>,
    /// One a task.
    pub permutable: Vec<Permutable<'a>>,
}

impl<'a> Drawn<'a> {
    pub fn of(
        data: &Stimuli<'a>,
        cut: &Cut,
        train: &[usize],
        tasks: &[ProbeTask<'a>],
        params: &CheckedProbeParams,
        extras: &Extras<'_>,
    ) -> Result<Self, ProbeError> {
        let groups = data.groups;
        let seen_values = extras
            .seen_values
            .map(|key| seen_values(groups, train, tasks, params, key))
            .transpose()?;
        let mut drawn = Self {
            seen_values,
            instance: None,
            controls: Vec::new(),
            orders: Vec::new(),
            permutable: Vec::new(),
        };
        if let Some(Instance { key, labelings: n }) = extras.instance {
            let exemplars = key.derive("exemplars");
            drawn.instance = Some(instance(groups, train, tasks, params, exemplars)?);
            for (number, task) in tasks.iter().enumerate() {
                let all = labelings(task, groups, train, n, key.derive("control"))?;
                drawn.controls.extend(all.into_iter().map(|labels| Further {
                    task: number,
                    labels,
                }));
            }
        }
        if let Some(Repeats { key, count }) = extras.code {
            drawn.orders = code_orders(groups, train, tasks, count, key)?;
        }
        if extras.permutations.is_some_and(|repeats| repeats.count > 0) {
            if let Some(strata) = extras.strata
                && strata.len() != groups.len()
            {
                return Err(ProbeError::Count {
                    what: "strata".to_owned(),
                    found: strata.len(),
                    expected: groups.len(),
                });
            }
            drawn.permutable = tasks
                .iter()
                .map(|task| Permutable::of(task, groups, extras.strata, &cut.order))
                .collect::<Result<_, _>>()?;
        }
        Ok(drawn)
    }
}
