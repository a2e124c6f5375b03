//! What befalls files.

use proptest::prelude::*;
use proptest::sample::Index;

/// Numbers that readers may believe.
const NUMBERS: [&str; 12] = [
    "0",
    "-1",
    "1",
    "65536",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "1e308",
    "-1e-308",
    "nan",
    "inf",
];
const WORDS: [u64; 8] = [
    0,
    1,
    1 << 31,
    u32::MAX as u64,
    1 << 40,
    1 << 62,
    u64::MAX - 7,
    u64::MAX,
];

/// One thing that happens to a file's bytes.
#[derive(Clone, Debug)]
pub enum Damage {
    /// A byte becomes another.
    Byte(Index, u8),
    /// The file ends early.
    CutShort(Index),
    /// A piece is gone.
    Gone(Index, u8),
    /// A piece stands twice.
    Twice(Index, u8),
    /// Something is put in between.
    Between(Index, Vec<u8>),
    /// A number in digits becomes another.
    Number(Index, &'static str),
    /// Eight bytes become a number, the least significant first.
    Word(Index, u64),
}

impl Arbitrary for Damage {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        let place = any::<Index>;
        let short = || prop::collection::vec(any::<u8>(), 1..12);
        prop_oneof![
            3 => (place(), any::<u8>()).prop_map(|(at, byte)| Self::Byte(at, byte)),
            1 => place().prop_map(Self::CutShort),
            1 => (place(), any::<u8>()).prop_map(|(at, n)| Self::Gone(at, n)),
            1 => (place(), any::<u8>()).prop_map(|(at, n)| Self::Twice(at, n)),
            1 => (place(), short()).prop_map(|(at, bytes)| Self::Between(at, bytes)),
            4 => (place(), prop::sample::select(&NUMBERS[..])).prop_map(|(at, n)| Self::Number(at, n)),
            1 => (place(), prop::sample::select(&WORDS[..])).prop_map(|(at, n)| Self::Word(at, n)),
        ]
        .boxed()
    }
}

/// Lets it happen; what has no place to happen does not.
pub fn damage(bytes: &mut Vec<u8>, damage: &Damage) {
    if bytes.is_empty() {
        return;
    }
    let piece = |at: &Index, n: u8| {
        let start = at.index(bytes.len());
        start..bytes.len().min(start + 1 + usize::from(n))
    };
    match damage {
        Damage::Byte(at, byte) => {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        Damage::CutShort(at) => bytes.truncate(at.index(bytes.len())),
        Damage::Gone(at, n) => drop(bytes.drain(piece(at, *n))),
        Damage::Twice(at, n) => {
            let piece = piece(at, *n);
            let copy = bytes[piece.clone()].to_vec();
            bytes.splice(piece.start..piece.start, copy);
        }
        Damage::Between(at, more) => {
            let at = at.index(bytes.len());
            bytes.splice(at..at, more.iter().copied());
        }
        Damage::Number(at, number) => {
            let runs = numbers(bytes);
            if !runs.is_empty() {
                let run = runs[at.index(runs.len())].clone();
                bytes.splice(run, number.bytes());
            }
        }
        Damage::Word(at, word) => {
            let start = at.index(bytes.len());
            for (byte, new) in bytes[start..].iter_mut().zip(word.to_le_bytes()) {
                *byte = new;
            }
        }
    }
}

/// Where digits stand, of the first 64 KiB.
fn numbers(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let head = &bytes[..bytes.len().min(1 << 16)];
    let mut runs = Vec::new();
    let mut start = None;
    for (at, byte) in head.iter().chain([&b' ']).enumerate() {
        match (byte.is_ascii_digit(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                runs.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    runs
}
