//! Keys and draws against those of `tests/golden/streams.py`, and orders counted.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::str::FromStr;

use layerprobe_streams::{Stream, StreamKey};

const GOLDEN: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../tests/golden/streams.csv"
));

/// A key, or the first draws of one kind from a stream.
struct Row {
    key: StreamKey,
    names: &'static str,
    index: &'static str,
    argument: &'static str,
    values: Vec<&'static str>,
}

impl Row {
    fn stream(&self) -> Stream {
        self.key.at(self.index.parse().unwrap())
    }
}

fn words(cell: &'static str) -> impl Iterator<Item = &'static str> {
    cell.split(' ').filter(|word| !word.is_empty())
}

/// The rows of one kind of draw.
fn rows(kind: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for line in GOLDEN.lines().skip(1) {
        let cells: Vec<&'static str> = line.split(',').collect();
        let [seed, names, index, draw, argument, values] = cells[..] else {
            panic!("{line}");
        };
        if draw == kind {
            let root = StreamKey::from_seed(seed.parse().unwrap());
            rows.push(Row {
                key: words(names).fold(root, |key, name| key.derive(name)),
                names,
                index,
                argument,
                values: words(values).collect(),
            });
        }
    }
    rows
}

/// What a kind of draw gives, asked for the row's argument, and what the script got.
fn drawn<T>(kind: &str, draw: impl Fn(&mut Stream, &str) -> T) -> (Vec<T>, Vec<T>)
where
    T: FromStr,
    T::Err: Debug,
{
    let (mut found, mut expected) = (Vec::new(), Vec::new());
    for row in rows(kind) {
        let mut stream = row.stream();
        for value in &row.values {
            found.push(draw(&mut stream, row.argument));
            expected.push(value.parse().unwrap());
        }
    }
    (found, expected)
}

#[test]
fn keys_are_derived_name_below_name() {
    let rows = rows("key");
    assert_eq!(rows.len(), 9);
    for row in &rows {
        let bytes = row.key.as_bytes();
        let found: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(row.values, [found.as_str()], "{}", row.names);
        assert_eq!(StreamKey::from_bytes(*bytes), row.key);
        let shown = format!("{:?}", row.key);
        assert_eq!(shown, format!("StreamKey({}..)", &found[..8]));
    }
}

#[test]
fn words_are_those_of_chacha8() {
    // 40 of a stream and 4 each of streams with other numbers, small and large
    let (found, expected) = drawn("word", |stream, _| stream.next_u64());
    assert_eq!(found, expected);
    assert_eq!(found.len(), 40 + 4 * 4);
}

#[test]
fn uniform_numbers_are_those_of_the_script() {
    let (found, expected) = drawn("uniform", |stream, _| stream.uniform());
    assert_eq!(found, expected);
    assert_eq!(found.len(), 12);
    let (found, expected) = drawn("uniform_in", |stream, ends| {
        let (low, high) = ends.split_once(' ').unwrap();
        stream.uniform_in(low.parse().unwrap(), high.parse().unwrap())
    });
    assert_eq!(found, expected);
    assert_eq!(found.len(), 12);
}

#[test]
fn whole_numbers_are_those_of_the_script() {
    let (found, expected) = drawn("below", |stream, n| stream.below(n.parse().unwrap()));
    assert_eq!(found, expected);
    assert_eq!(found.len(), 10 * 12);
    let (found, expected) = drawn("bernoulli", |stream, p| {
        u8::from(stream.bernoulli(p.parse().unwrap()))
    });
    assert_eq!(found, expected);
    assert_eq!(found.len(), 4 * 12);
}

#[test]
fn normal_numbers_are_those_of_the_script() {
    let (found, expected) = drawn("normal", |stream, _| stream.normal());
    assert_eq!(found.len(), 12);
    for (found, expected) in found.iter().zip(&expected) {
        // logarithm and cosine are the platform's, which may round otherwise
        let error: f64 = found / expected - 1.0;
        assert!(error.abs() < 1e-15, "{found} {expected}");
    }
}

#[test]
fn orders_are_those_of_the_script() {
    let permutations = rows("permutation");
    assert_eq!(permutations.len(), 3);
    for row in permutations {
        let (mut stream, n) = (row.stream(), row.argument.parse().unwrap());
        let mut found = stream.permutation(n);
        found.extend(stream.permutation(n));
        let expected: Vec<usize> = row.values.iter().map(|v| v.parse().unwrap()).collect();
        assert_eq!(found, expected);
        assert_eq!(found.len(), 2 * n);
    }
    let shuffles = rows("shuffle");
    assert_eq!(shuffles.len(), 1);
    for row in shuffles {
        let mut letters: Vec<char> = row.argument.chars().collect();
        row.stream().shuffle(&mut letters);
        let found: String = letters.into_iter().collect();
        assert_eq!(found, row.values.concat());
    }
}

#[test]
fn all_orders_come_up_about_equally_often() {
    const EACH: u32 = 100;
    let mut stream = StreamKey::from_seed(3).at(0);
    let mut counts: BTreeMap<[u8; 4], u32> = BTreeMap::new();
    for _ in 0..24 * EACH {
        let mut items = [0, 1, 2, 3];
        stream.shuffle(&mut items);
        *counts.entry(items).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 24);
    let each = f64::from(EACH);
    let squares = counts.values().map(|&n| (f64::from(n) - each).powi(2));
    let chi_squared = squares.sum::<f64>() / each;
    // 20.3 here. One seed in a thousand is above 49.7 (23 degrees of freedom), and
    // every seed where no item may stay in its place (7200), or where each swaps
    // with any (650)
    assert!(chi_squared < 49.7, "{chi_squared}");
}
