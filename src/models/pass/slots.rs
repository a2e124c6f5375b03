/// When a buffer is needed, in steps, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lifetime {
    /// The step that writes it first.
    pub(super) first: usize,
    /// The step that reads it last.
    pub(super) last: usize,
    /// Numbers for each image.
    pub(super) len: usize,
}

impl Lifetime {
    fn overlaps(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

/// Gives each buffer a slot, so that buffers needed at the same time never
/// share one: the longest first, each into the first slot that is free for all
/// its life.
pub(super) fn assign(lifetimes: &[Lifetime]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..lifetimes.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(lifetimes[i].len), lifetimes[i].first));
    let mut slots: Vec<Vec<Lifetime>> = Vec::new();
    let mut assigned = vec![0; lifetimes.len()];
    for i in order {
        let life = lifetimes[i];
        let free = |taken: &Vec<Lifetime>| taken.iter().all(|other| !life.overlaps(other));
        let slot = slots.iter().position(free).unwrap_or_else(|| {
            slots.push(Vec::new());
            slots.len() - 1
        });
        slots[slot].push(life);
        assigned[i] = slot;
    }
    assigned
}
