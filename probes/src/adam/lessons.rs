use std::ops::{ControlFlow, Range};

use layerprobe_linalg::MatRef;
use layerprobe_streams::StreamKey;
use rayon::prelude::*;

use super::columns::Correction;
use super::source::Source;

/// Rows that are judged at a time.
pub(crate) const JUDGED: usize = 512;
/// Shorter runs of neighboring rows are copied together.
const SHORT: usize = 64;
/// Batches gathered at a time, if they take no more numbers than this.
const BATCHES: usize = 8;
const GATHERED: usize = 1 << 24;

/// Probes trained by one thread on the same batches: a share of the columns
/// whose state stays in a core's cache from one batch to the next.
pub(crate) trait Student: Send {
    /// One step on a batch, its rows after one another.
    fn learn(&mut self, x: &[f32], rows: &[usize], correction: Correction);

    /// Adds for each probe how many of these rows it classifies rightly.
    fn judge(&mut self, x: MatRef<'_, f32>, rows: &[usize], right: &mut [u32]);

    /// Number of probes.
    fn probes(&self) -> usize;
}

/// What students are taught with, all in the same batches.
pub(crate) struct Lessons<'a> {
    /// What they are taught from.
    pub source: Source<'a>,
    /// Rows trained on.
    pub train: &'a [usize],
    pub batch: usize,
    /// Epoch number `e`, from 0, takes the training rows in the order of
    /// stream number `e`.
    pub shuffle: StreamKey,
}

impl Lessons<'_> {
    /// Bytes of the rows that are gathered at a time, of `dims` numbers each.
    pub fn bytes(batch: usize, dims: usize) -> u64 {
        4 * (batch * batches(batch, dims)).max(JUDGED) as u64 * dims as u64
    }

    /// Steps in an epoch; the last batch may be shorter and is kept.
    pub fn steps(&self) -> usize {
        self.train.len().div_ceil(self.batch)
    }

    /// Teaches one epoch, counted from 0.
    ///
    /// Batches are gathered a few at a time, each once for all students, and
    /// every student takes their steps alone: what it learns depends on
    /// nothing but the data.
    ///
    /// # Errors
    /// Breaks where `go_on` does, asked between batches.
    pub fn epoch<S: Student>(
        &self,
        epoch: u64,
        students: &mut [S],
        go_on: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut order = self.train.to_vec();
        self.shuffle.at(epoch).shuffle(&mut order);
        let dims = self.source.dims();
        let batches = batches(self.batch, dims);
        let mut gathered = Vec::new();
        let mut step = epoch * self.steps() as u64;
        for rows in order.chunks(batches * self.batch) {
            go_on()?;
            self.source.gather(rows, &mut gathered);
            students.par_iter_mut().for_each(|student| {
                let x = gathered.chunks(self.batch * dims);
                for ((x, rows), step) in x.zip(rows.chunks(self.batch)).zip(step + 1..) {
                    student.learn(x, rows, Correction::at(step));
                }
            });
            step += rows.len().div_ceil(self.batch) as u64;
        }
        ControlFlow::Continue(())
    }

    /// For each student and each of its probes, how many of `rows` it
    /// classifies rightly.
    pub fn judge<S: Student>(&self, students: &mut [S], rows: &[usize]) -> Vec<Vec<u32>> {
        let mut right: Vec<Vec<u32>> = students.iter().map(|s| vec![0; s.probes()]).collect();
        let mut gathered = Vec::new();
        for block in blocks(rows) {
            let rows = &rows[block];
            let x = match self.source.neighbors(rows) {
                Some(rows) => rows,
                None => {
                    self.source.gather(rows, &mut gathered);
                    &gathered
                }
            };
            let x = MatRef::row_major(x, rows.len(), self.source.dims());
            students
                .par_iter_mut()
                .zip(&mut right)
                .for_each(|(student, right)| student.judge(x, rows, right));
        }
        right
    }
}

/// Batches gathered at a time.
fn batches(batch: usize, dims: usize) -> usize {
    (GATHERED / (batch * dims).max(1)).clamp(1, BATCHES)
}

/// Cuts a list of rows into blocks: long runs of neighbors stand alone, so
/// that they are read where they lie.
fn blocks(rows: &[usize]) -> Vec<Range<usize>> {
    let mut blocks: Vec<Range<usize>> = Vec::new();
    let mut open = false;
    let mut start = 0;
    while start < rows.len() {
        let run = 1 + rows[start..]
            .windows(2)
            .take_while(|pair| pair[1] == pair[0] + 1)
            .count();
        if run >= SHORT {
            let end = start + run;
            blocks.extend(
                (start..end)
                    .step_by(JUDGED)
                    .map(|from| from..end.min(from + JUDGED)),
            );
            open = false;
            start = end;
            continue;
        }
        match blocks.last_mut() {
            Some(last) if open && last.len() + run <= JUDGED => last.end = start + run,
            _ => blocks.push(start..start + run),
        }
        open = true;
        start += run;
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_runs_are_blocks_of_their_own() {
        let mut rows: Vec<usize> = (0..1100).collect();
        rows.extend([5000, 5002, 5004]);
        rows.extend(6000..6010);
        rows.extend(7000..7064);
        let found = blocks(&rows);
        assert_eq!(
            found,
            [0..512, 512..1024, 1024..1100, 1100..1113, 1113..1177]
        );
        assert!(blocks(&[]).is_empty());
        let apart: Vec<usize> = (0..1500).map(|i| 2 * i).collect();
        assert_eq!(blocks(&apart), [0..512, 512..1024, 1024..1500]);
    }
}
