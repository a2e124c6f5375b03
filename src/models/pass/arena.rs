use std::cmp::Reverse;
use std::ops::Range;

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

/// The place of a buffer in the arena, in numbers for each image of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    start: usize,
    len: usize,
    /// Whether no other buffer ever lies there.
    pub(super) exclusive: bool,
}

impl Lifetime {
    fn overlaps(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}

impl Region {
    /// Its place for a batch of `n` images.
    pub(super) fn range(&self, n: usize) -> Range<usize> {
        self.start * n..self.start * n + self.len * n
    }

    fn end(&self) -> usize {
        self.start + self.len.next_multiple_of(LINE)
    }

    fn touches(&self, other: &Self) -> bool {
        self.start < other.end() && other.start < self.end()
    }
}

/// Numbers in a line of the cache: regions begin at whole lines.
const LINE: usize = 16;

/// Gives each buffer a region, so that buffers needed at the same time never
/// overlap: the longest first, each at the lowest place that is free for all
/// its life. Returns the arena's length too.
pub(super) fn place(lifetimes: &[Lifetime]) -> (Vec<Region>, usize) {
    let mut order: Vec<usize> = (0..lifetimes.len()).collect();
    order.sort_by_key(|&i| (Reverse(lifetimes[i].len), lifetimes[i].first));
    let mut regions: Vec<Option<Region>> = vec![None; lifetimes.len()];
    for i in order {
        let life = &lifetimes[i];
        let mut taken: Vec<Region> = lifetimes
            .iter()
            .zip(&regions)
            .filter(|(other, _)| life.overlaps(other))
            .filter_map(|(_, region)| *region)
            .collect();
        taken.sort_by_key(|region| region.start);
        let mut region = Region {
            start: 0,
            len: life.len,
            exclusive: true,
        };
        for other in &taken {
            if region.touches(other) {
                region.start = other.end();
            }
        }
        regions[i] = Some(region);
    }
    let mut regions: Vec<Region> = regions.into_iter().flatten().collect();
    let all = regions.clone();
    for (i, region) in regions.iter_mut().enumerate() {
        let mut others = all.iter().enumerate().filter(|(j, _)| *j != i);
        region.exclusive = !others.any(|(_, other)| region.touches(other));
    }
    let total = regions.iter().map(Region::end).max().unwrap_or(0);
    (regions, total)
}

/// Several parts of the arena at once.
pub(super) fn parts<const N: usize>(
    arena: &mut [f32],
    ranges: [Range<usize>; N],
) -> [&mut [f32]; N] {
    match arena.get_disjoint_mut(ranges.clone()) {
        Ok(parts) => parts,
        Err(error) => unreachable!("buffers needed at once overlap: {ranges:?}: {error}"),
    }
}
