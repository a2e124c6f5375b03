use std::time::Instant;

use layerprobe_probes::similarity::{Metric, similarity};
use layerprobe_reports::ResultRow;

use super::{CompareError, Measures, Side, Watch, protocol};
use crate::experiment::{Event, Stage};

/// The similarity of each side of one list to each of another, or of one list
/// among themselves.
pub(super) struct Pairs {
    columns: usize,
    /// For each pair of sides, row by row, one for each metric; empty where not
    /// measured.
    found: Vec<Vec<Measured>>,
}

/// A value with its interval over stimuli.
#[derive(Clone, Copy)]
struct Measured {
    value: f64,
    interval: Option<(f64, f64)>,
}

/// Measures every pair.
pub(super) fn compare(
    first: &[Side<'_>],
    second: Option<&[Side<'_>]>,
    measures: &Measures,
    watch: &Watch<'_>,
) -> Result<Pairs, CompareError> {
    let others = second.unwrap_or(first);
    let total = match second {
        Some(second) => first.len() * second.len(),
        None => first.len() * first.len().saturating_sub(1) / 2,
    };
    let _stage = Stage::Compare.span().entered();
    let started = Instant::now();
    watch.observer.event(Event::Started {
        stage: Stage::Compare,
        total: total as u64,
        done: 0,
    });
    let mut found = vec![Vec::new(); first.len() * others.len()];
    let mut done = 0;
    for (i, a) in first.iter().enumerate() {
        let start = if second.is_some() { 0 } else { i + 1 };
        for (j, b) in others.iter().enumerate().skip(start) {
            watch.go_on()?;
            let mut of_pair = Vec::with_capacity(measures.metrics.len());
            for &metric in &measures.metrics {
                let similarity = similarity(metric, &a.representation, &b.representation)?;
                of_pair.push(Measured {
                    value: similarity.value,
                    interval: similarity.interval(),
                });
            }
            if let Some(place) = found.get_mut(i * others.len() + j) {
                *place = of_pair;
            }
            done += 1;
            watch.observer.event(Event::Advanced {
                stage: Stage::Compare,
                done,
                detail: &a.group,
            });
        }
    }
    watch.observer.event(Event::Finished {
        stage: Stage::Compare,
        seconds: started.elapsed().as_secs_f64(),
    });
    Ok(Pairs {
        columns: others.len(),
        found,
    })
}

impl Pairs {
    fn at(&self, i: usize, j: usize) -> &[Measured] {
        let place = self.found.get(i * self.columns + j);
        place.map_or(&[], Vec::as_slice)
    }

    /// The value of a pair by the metric of that number. Among one list's own
    /// sides, (i, j) is (j, i) and a side is 1 like itself.
    pub(super) fn value(&self, i: usize, j: usize, metric: usize, one_list: bool) -> Option<f64> {
        if one_list && i == j {
            return Some(1.0);
        }
        let (i, j) = if one_list && j < i { (j, i) } else { (i, j) };
        self.at(i, j).get(metric).map(|measured| measured.value)
    }

    /// A row for each pair and metric.
    pub(super) fn rows(
        &self,
        first: &[Side<'_>],
        second: Option<&[Side<'_>]>,
        measures: &Measures,
    ) -> Vec<ResultRow> {
        let mut rows = Vec::new();
        for (i, a) in first.iter().enumerate() {
            for (j, b) in second.unwrap_or(first).iter().enumerate() {
                for (measured, &metric) in self.at(i, j).iter().zip(&measures.metrics) {
                    rows.push(row(a, b, metric, measured, measures));
                }
            }
        }
        rows
    }
}

fn row(
    a: &Side<'_>,
    b: &Side<'_>,
    metric: Metric,
    measured: &Measured,
    measures: &Measures,
) -> ResultRow {
    let stimuli = a.representation.stimuli() as u64;
    let interval = measured.interval;
    ResultRow {
        protocol: protocol(metric, measures.distance),
        metric: metric.as_str().to_owned(),
        value: measured.value,
        lower: interval.map(|(lower, _)| lower),
        upper: interval.map(|(_, upper)| upper),
        interval_kind: interval.map_or("", |_| "stimuli").to_owned(),
        n_clusters: interval.map(|_| stimuli),
        condition_b: b.row.condition.clone(),
        step_b: b.row.step,
        layer_b: b.row.layer.clone(),
        ..a.row.clone()
    }
}
