//! Which layers are in memory and which on disk, under a limit.

use layerprobe_probes::Forecast;

use crate::memory::{Bytes, MemoryLimit};

/// A layer that is to be probed.
#[derive(Clone, Debug)]
pub struct PlannedLayer {
    /// Its name.
    pub name: String,
    /// Stimuli and dimensions.
    pub shape: (usize, usize),
    /// What its probes take.
    pub forecast: Forecast,
}

/// Beyond what is needed now: the next process may begin a little larger.
const SLACK: u64 = 4 << 20;

/// The memory that probing takes is more than there may be, whatever is kept on
/// disk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "probing layer `{layer}` ({stimuli} x {dims}) takes up to {}, {how}; \
     the limit is {limit}. Allow more with --max-memory {}{}, or probe fewer stimuli or features",
    Bytes(*needed), Bytes(needed + SLACK).to_string().replace(' ', ""), fewer(*threads)
)]
pub struct NotEnough {
    /// The layer that takes most.
    pub layer: String,
    /// Where its activations are meanwhile, in words.
    pub how: &'static str,
    /// Its stimuli.
    pub stimuli: usize,
    /// Its dimensions.
    pub dims: usize,
    /// Bytes that would be enough.
    pub needed: u64,
    /// Bytes there may be.
    pub limit: MemoryLimit,
    /// How many threads would do with that, if fewer would.
    pub threads: Option<usize>,
}

fn fewer(threads: Option<usize>) -> String {
    threads.map_or_else(String::new, |threads| format!(", use --threads {threads}"))
}

impl NotEnough {
    fn of(layer: &PlannedLayer, how: &'static str, needed: u64, limit: MemoryLimit) -> Self {
        Self {
            layer: layer.name.clone(),
            how,
            stimuli: layer.shape.0,
            dims: layer.shape.1,
            needed,
            limit,
            threads: None,
        }
    }

    /// This refusal, or an earlier one that asks for more: what is named must be
    /// enough for all that is probed one after the other.
    pub fn or_more(self, earlier: Option<Self>) -> Self {
        match earlier {
            Some(earlier) if earlier.needed > self.needed => earlier,
            _ => self,
        }
    }
}

/// Says for each of the layers, all of which are read before the first is
/// probed, whether it goes to the disk: the largest first, until what stays and
/// what probing takes fit beside `base` bytes.
///
/// # Errors
/// If they do not fit with every layer on disk.
pub fn on_disk(
    limit: MemoryLimit,
    base: u64,
    layers: &[PlannedLayer],
) -> Result<Vec<bool>, NotEnough> {
    let mut largest_first: Vec<usize> = (0..layers.len()).collect();
    largest_first.sort_by_key(|&i| std::cmp::Reverse(layers[i].forecast.matrix));
    let mut stored = vec![false; layers.len()];
    let mut next = largest_first.into_iter();
    loop {
        let (needed, most) = peak(base, layers, &stored);
        if needed <= limit.bytes() {
            return Ok(stored);
        }
        match (next.next(), most) {
            (Some(layer), _) => stored[layer] = true,
            (None, None) => return Ok(stored),
            (None, Some((_, most))) => {
                let how = "with its activations on disk";
                return Err(NotEnough::of(most, how, needed, limit));
            }
        }
    }
}

/// Bytes in memory at most while so many of the layers are probed at the same time,
/// where `stored` says which are on disk.
pub fn needed(base: u64, layers: &[PlannedLayer], stored: &[bool], at_once: usize) -> u64 {
    let (needed, most) = peak(base, layers, stored);
    let each = most.map_or(0, |(probing, _)| probing);
    needed + each * at_once.saturating_sub(1) as u64
}

/// How many of the layers may be probed at the same time within the limit, at least
/// one, where `stored` says which are on disk.
pub fn side_by_side(
    limit: MemoryLimit,
    base: u64,
    layers: &[PlannedLayer],
    stored: &[bool],
) -> usize {
    let (needed, most) = peak(base, layers, stored);
    let each = most.map_or(0, |(probing, _)| probing);
    let room = limit.bytes().saturating_sub(needed);
    let further = room.checked_div(each).unwrap_or(u64::MAX);
    usize::try_from(further).map_or(usize::MAX, |n| n.saturating_add(1))
}

/// Bytes in memory while the protocol `paper` probes a layer, which it refuses if it
/// cannot within the limit: it has the activations in memory, and `beside` bytes for its
/// decoders, beside `base`.
///
/// # Errors
/// If they do not fit.
pub fn fits_paper(
    limit: MemoryLimit,
    base: u64,
    layer: &PlannedLayer,
    beside: u64,
) -> Result<u64, NotEnough> {
    let needed = base + layer.forecast.matrix + beside;
    match needed <= limit.bytes() {
        true => Ok(needed),
        false => {
            let how = "by the protocol `paper`, which has its activations in memory";
            Err(NotEnough::of(layer, how, needed, limit))
        }
    }
}

/// The bytes in memory at most while one layer is probed, and the layer whose probes
/// take most, with what those take.
fn peak<'a>(
    base: u64,
    layers: &'a [PlannedLayer],
    stored: &[bool],
) -> (u64, Option<(u64, &'a PlannedLayer)>) {
    let each = || layers.iter().zip(stored);
    let held = each().filter(|(_, stored)| !**stored);
    let held: u64 = held.map(|(layer, _)| layer.forecast.matrix).sum();
    let probing = each().map(|(layer, stored)| match stored {
        true => (layer.forecast.streamed, layer),
        false => (layer.forecast.beside, layer),
    });
    let most = probing.max_by_key(|(bytes, _)| *bytes);
    (base + held + most.map_or(0, |(bytes, _)| bytes), most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(name: &str, matrix: u64, beside: u64, streamed: u64) -> PlannedLayer {
        PlannedLayer {
            name: name.to_owned(),
            shape: (10, 20),
            forecast: Forecast {
                matrix,
                beside,
                streamed,
            },
        }
    }

    #[test]
    fn the_largest_go_first_and_only_as_many_as_must() {
        let layers = [
            layer("fc1", 10, 50, 52),
            layer("pool1", 500, 60, 80),
            layer("pool2", 250, 60, 70),
        ];
        let plan = |limit| on_disk(MemoryLimit::new(limit), 40, &layers);
        assert_eq!(plan(860), Ok(vec![false, false, false]));
        assert_eq!(plan(859), Ok(vec![false, true, false]));
        assert_eq!(plan(379), Ok(vec![false, true, true]));
        assert_eq!(plan(129), Ok(vec![true, true, true]));
        let error = plan(119).unwrap_err();
        assert_eq!((error.layer.as_str(), error.needed), ("pool1", 120));
        assert!(error.to_string().contains("--max-memory 5MiB, or probe"));
        let threads = Some(3);
        let error = NotEnough { threads, ..error }.to_string();
        assert!(
            error.contains("--max-memory 5MiB, use --threads 3, or probe"),
            "{error}"
        );
        assert_eq!(on_disk(MemoryLimit::new(0), 40, &[]), Ok(vec![]));
    }

    #[test]
    fn as_many_side_by_side_as_memory_holds() {
        let layers = [layer("fc1", 10, 50, 52), layer("pool1", 500, 60, 80)];
        let at_once =
            |limit, stored: &[bool]| side_by_side(MemoryLimit::new(limit), 40, &layers, stored);
        // 550 are taken anyway, and each takes up to 60
        assert_eq!(at_once(610, &[false, false]), 1);
        assert_eq!(at_once(729, &[false, false]), 2);
        assert_eq!(at_once(730, &[false, false]), 3);
        assert_eq!(at_once(0, &[false, false]), 1);
        // 50 with pool1 on disk, whose probes then take 80
        assert_eq!(at_once(209, &[false, true]), 1);
        assert_eq!(at_once(210, &[false, true]), 2);
        assert_eq!(side_by_side(MemoryLimit::new(9), 0, &[], &[]), usize::MAX);
        // which is what they then need, to the byte
        for (together, needs) in [(2, 670), (3, 730)] {
            assert_eq!(needed(40, &layers, &[false, false], together), needs);
        }
        assert_eq!(needed(40, &layers, &[false, true], 2), 210);
        assert_eq!(needed(9, &[], &[], 0), 9);
    }

    #[test]
    fn decoders_of_the_paper_want_their_activations_in_memory() {
        let pool1 = layer("pool1", 500, 60, 80);
        let fits = |limit| fits_paper(MemoryLimit::new(limit), 40, &pool1, 100);
        assert_eq!(fits(640), Ok(640));
        let error = fits(639).unwrap_err();
        assert_eq!((error.layer.as_str(), error.needed), ("pool1", 640));
        assert!(error.to_string().contains("protocol `paper`"));
    }

    #[test]
    fn the_refusal_that_asks_for_most_stands() {
        let refusal = |name: &str, streamed| {
            on_disk(MemoryLimit::new(9), 0, &[layer(name, 0, 10, streamed)]).unwrap_err()
        };
        let [small, large] = [refusal("fc1", 20), refusal("pool1", 30)];
        assert_eq!(small.clone().or_more(None), small);
        assert_eq!(small.clone().or_more(Some(large.clone())), large);
        assert_eq!(large.clone().or_more(Some(small)), large);
    }
}
