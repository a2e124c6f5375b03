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
     the limit is {limit}. Allow more with --max-memory {}, or probe fewer stimuli or features",
    Bytes(*needed), Bytes(needed + SLACK).to_string().replace(' ', "")
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
}

impl NotEnough {
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
            (None, Some(most)) => {
                return Err(NotEnough {
                    layer: most.name.clone(),
                    how: "with its activations on disk",
                    stimuli: most.shape.0,
                    dims: most.shape.1,
                    needed,
                    limit,
                });
            }
        }
    }
}

/// The bytes in memory at most, and the layer whose probes take them.
fn peak<'a>(
    base: u64,
    layers: &'a [PlannedLayer],
    stored: &[bool],
) -> (u64, Option<&'a PlannedLayer>) {
    let each = || layers.iter().zip(stored);
    let held = each().filter(|(_, stored)| !**stored);
    let held: u64 = held.map(|(layer, _)| layer.forecast.matrix).sum();
    let probing = each().map(|(layer, stored)| match stored {
        true => (layer.forecast.streamed, layer),
        false => (layer.forecast.beside, layer),
    });
    let (probing, most) = probing
        .max_by_key(|(bytes, _)| *bytes)
        .map_or((0, None), |(bytes, layer)| (bytes, Some(layer)));
    (base + held + probing, most)
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
        assert!(error.to_string().contains("--max-memory 5MiB"));
        assert_eq!(on_disk(MemoryLimit::new(0), 40, &[]), Ok(vec![]));
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
