//! From pairs of networks to pairs of kinds of network, over runs.

use layerprobe_reports::{HeatMapName, ResultRow};

use super::over_runs::{OverRuns, RunName, RunTable};
use super::pairs::Pairs;
use super::{CompareError, Measures, Side, protocol};

/// The same layer of the networks of one group.
struct Layer {
    name: HeatMapName,
    kind: String,
    /// Places among the sides, one for each network.
    sides: Vec<usize>,
    /// These networks.
    networks: Vec<String>,
    /// Their runs.
    runs: Vec<RunName>,
    row: ResultRow,
}

impl Layer {
    /// The places of the networks that another layer has, too, and their runs.
    fn shared_with(&self, other: &Self) -> (Vec<usize>, Vec<RunName>) {
        let own = self.sides.iter().zip(&self.runs).zip(&self.networks);
        let shared = own.filter(|(_, network)| other.networks.contains(network));
        shared.map(|((side, run), _)| (*side, *run)).unzip()
    }

    fn all(&self) -> (Vec<usize>, Vec<RunName>) {
        (self.sides.clone(), self.runs.clone())
    }
}

/// Layers of groups of networks, and how alike they are.
pub(super) struct Groups {
    first: Vec<Layer>,
    second: Option<Vec<Layer>>,
    /// For each metric and each pair of layers, row by row.
    found: Vec<Vec<Option<OverRuns>>>,
}

impl Groups {
    pub(super) fn of(
        first: &[Side<'_>],
        second: Option<&[Side<'_>]>,
        measures: &Measures,
        pairs: &Pairs,
    ) -> Result<Self, CompareError> {
        let (first, second) = (layers(first), second.map(layers));
        let others = second.as_ref().unwrap_or(&first);
        let one_list = second.is_none();
        let mut found = Vec::new();
        for metric in 0..measures.metrics.len() {
            let mut of_metric = Vec::with_capacity(first.len() * others.len());
            for a in &first {
                for b in others {
                    // a run may be given twice, to compare some layers with others
                    let same = a.name.group == b.name.group;
                    let value = |i: &usize, j: &usize| {
                        pairs
                            .value(*i, *j, metric, one_list)
                            .ok_or(CompareError::OnlyOne)
                    };
                    // of one kind, a layer may be left out of some networks
                    let ((rows, runs), (columns, runs_b)) = match same {
                        true => (a.shared_with(b), b.shared_with(a)),
                        false => (a.all(), b.all()),
                    };
                    let row = |i: &usize| columns.iter().map(|j| value(i, j)).collect();
                    let table = RunTable {
                        values: rows.iter().map(row).collect::<Result<_, _>>()?,
                        // different layers of one network, where there is only one
                        same_networks: same && rows.len() > 1,
                        rows: runs,
                        columns: runs_b,
                    };
                    of_metric.push(table.mean());
                }
            }
            found.push(of_metric);
        }
        Ok(Self {
            first,
            second,
            found,
        })
    }

    fn others(&self) -> &[Layer] {
        self.second.as_ref().unwrap_or(&self.first)
    }

    pub(super) fn row_names(&self) -> Vec<HeatMapName> {
        self.first.iter().map(|layer| layer.name.clone()).collect()
    }

    pub(super) fn column_names(&self) -> Vec<HeatMapName> {
        self.others()
            .iter()
            .map(|layer| layer.name.clone())
            .collect()
    }

    /// The values by the metric of that number.
    pub(super) fn values(&self, metric: usize) -> Vec<Vec<Option<f64>>> {
        let found = self.found.get(metric).map_or(&[][..], Vec::as_slice);
        found
            .chunks(self.others().len().max(1))
            .map(|row| row.iter().map(|f| f.map(|found| found.value)).collect())
            .collect()
    }

    /// The most runs of a group.
    pub(super) fn runs(&self) -> usize {
        let layers = self.first.iter().chain(self.others());
        layers.map(|layer| layer.sides.len()).max().unwrap_or(0)
    }

    /// What was shown.
    pub(super) fn stimuli(&self) -> String {
        let row = self.first.first().map(|layer| &layer.row);
        let count = row.and_then(|row| row.n_test).unwrap_or(0);
        match row.is_some_and(|row| row.split_kind == "given") {
            true => format!("{count} stimuli"),
            false => format!("{count} fresh uncorrelated stimuli"),
        }
    }

    /// A row for each pair of layers of groups with several runs.
    pub(super) fn rows(&self, measures: &Measures) -> Vec<ResultRow> {
        let mut rows = Vec::new();
        for (metric, found) in measures.metrics.iter().zip(&self.found) {
            let mut found = found.iter();
            for (i, a) in self.first.iter().enumerate() {
                for (j, b) in self.others().iter().enumerate() {
                    let found = found.next().copied().flatten();
                    let again = self.second.is_none() && j < i;
                    let several = a.sides.len().max(b.sides.len()) > 1;
                    if let Some(found) = found.filter(|_| several && !again) {
                        let runs = match a.name.group == b.name.group {
                            true => a.shared_with(b).0.len(),
                            false => a.sides.len(),
                        };
                        let how = (metric.as_str(), protocol(*metric, measures.distance));
                        rows.push(row((a, b), how, runs as u64, &found));
                    }
                }
            }
        }
        rows
    }
}

fn row(
    (a, b): (&Layer, &Layer),
    (metric, protocol): (&str, String),
    runs: u64,
    found: &OverRuns,
) -> ResultRow {
    let interval = found.interval;
    ResultRow {
        condition: a.kind.clone(),
        protocol: protocol + " over_runs=jackknife",
        metric: metric.to_owned(),
        value: found.value,
        lower: interval.map(|(lower, _)| lower),
        upper: interval.map(|(_, upper)| upper),
        interval_kind: interval.map_or("", |_| "runs").to_owned(),
        n_clusters: interval.map(|_| runs),
        n_runs: Some(runs),
        condition_b: b.kind.clone(),
        step_b: b.row.step,
        layer_b: b.row.layer.clone(),
        ..a.row.clone()
    }
}

/// Takes the sides together that differ in their network only.
fn layers(sides: &[Side<'_>]) -> Vec<Layer> {
    let mut layers: Vec<Layer> = Vec::new();
    for (place, side) in sides.iter().enumerate() {
        let name = HeatMapName {
            group: side.group.clone(),
            name: side.row.layer.clone(),
        };
        match layers.iter_mut().find(|layer| layer.name == name) {
            Some(layer) => {
                layer.sides.push(place);
                layer.networks.push(side.row.condition.clone());
                layer.runs.push((side.row.split, side.row.seed));
                if layer.row.step != side.row.step {
                    layer.row.step = None;
                }
                if layer.row.epoch != side.row.epoch {
                    layer.row.epoch = None;
                }
                // what differs between the runs
                layer.row.split = None;
                layer.row.predictivity_effective = None;
            }
            None => layers.push(Layer {
                name,
                kind: side.kind.clone(),
                sides: vec![place],
                networks: vec![side.row.condition.clone()],
                runs: vec![(side.row.split, side.row.seed)],
                row: side.row.clone(),
            }),
        }
    }
    // networks stand together, layer by layer
    let mut order: Vec<String> = Vec::new();
    for layer in &layers {
        if !order.contains(&layer.name.group) {
            order.push(layer.name.group.clone());
        }
    }
    layers.sort_by_key(|layer| order.iter().position(|group| *group == layer.name.group));
    layers
}
