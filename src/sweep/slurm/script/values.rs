//! What is filled into a site template.

use super::wishes::{Bare, Wishes};

/// A place in a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The sweep's name.
    Name,
    /// Task numbers and throttle, as `--array` wants them.
    Array,
    /// The file for what a task says.
    Output,
    /// A task's time limit.
    Time,
    /// Signal and time before the limit, as `--signal` wants them.
    Signal,
    /// A partition, or several.
    Partition,
    /// The account that pays.
    Account,
    /// The quality of service.
    Qos,
    /// Processors of a task.
    Cpus,
    /// Memory of a task.
    Memory,
    /// GPUs of a task.
    Gpus,
    /// The program with its arguments.
    Command,
}

/// A value for each place.
#[derive(Clone, Debug)]
pub struct Values {
    /// See [`Slot::Name`]: letters, digits and `-_.`.
    pub name: String,
    /// See [`Slot::Array`].
    pub array: String,
    /// See [`Slot::Output`]: fit for an `#SBATCH` line.
    pub output: String,
    /// See [`Slot::Command`]: words quoted for a shell.
    pub command: String,
    /// All others.
    pub wishes: Wishes,
}

impl Slot {
    /// All places.
    pub const ALL: [Self; 12] = [
        Self::Name,
        Self::Array,
        Self::Output,
        Self::Time,
        Self::Signal,
        Self::Partition,
        Self::Account,
        Self::Qos,
        Self::Cpus,
        Self::Memory,
        Self::Gpus,
        Self::Command,
    ];

    /// Its name in a template.
    pub fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Array => "array",
            Self::Output => "output",
            Self::Time => "time",
            Self::Signal => "signal",
            Self::Partition => "partition",
            Self::Account => "account",
            Self::Qos => "qos",
            Self::Cpus => "cpus",
            Self::Memory => "memory",
            Self::Gpus => "gpus",
            Self::Command => "command",
        }
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|slot| slot.name() == name)
    }
}

impl Values {
    /// The text for a place, if there is one.
    pub(super) fn value(&self, slot: Slot) -> Option<String> {
        let wishes = &self.wishes;
        let bare = |value: &Option<Bare>| value.as_ref().map(Bare::to_string);
        match slot {
            Slot::Name => Some(self.name.clone()),
            Slot::Array => Some(self.array.clone()),
            Slot::Output => Some(self.output.clone()),
            Slot::Time => Some(wishes.time.to_string()),
            Slot::Signal => Some(format!("B:USR1@{}", wishes.signal_before.seconds())),
            Slot::Partition => bare(&wishes.partition),
            Slot::Account => bare(&wishes.account),
            Slot::Qos => bare(&wishes.qos),
            Slot::Cpus => wishes.cpus.map(|n| n.to_string()),
            Slot::Memory => wishes
                .memory
                .map(|m| format!("{}M", m.bytes().div_ceil(1 << 20))),
            Slot::Gpus => wishes.gpus.map(|n| n.to_string()),
            Slot::Command => Some(self.command.clone()),
        }
    }

    /// The places of those optional values that there are.
    pub(super) fn given(&self) -> impl Iterator<Item = Slot> {
        let optional = [
            Slot::Partition,
            Slot::Account,
            Slot::Qos,
            Slot::Cpus,
            Slot::Memory,
            Slot::Gpus,
        ];
        optional
            .into_iter()
            .filter(|slot| self.value(*slot).is_some())
    }
}
