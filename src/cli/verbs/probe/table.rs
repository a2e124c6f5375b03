//! What `layerprobe probe` says at its end.

use layerprobe_reports::ResultRow;
use serde_json::json;

use crate::cli::arguments::{MessageFormat, Output, Probe, ProbeProtocol};
use crate::cli::terminal;
use crate::foreign::{Around, Cut};
use crate::memory;

/// What there is to say.
pub struct Shown<'a> {
    /// All rows.
    pub rows: &'a [ResultRow],
    /// How stimuli were cut.
    pub cut: &'a Cut,
    /// What was measured beside accuracies.
    pub around: Around,
}

/// Says it.
pub fn tell(command: &Probe, output: &Output, shown: &Shown<'_>) -> std::io::Result<()> {
    if output.message_format == MessageFormat::Json {
        return terminal::say(
            &json!({"reason": "done", "results": command.out, "peak_rss_bytes": memory::peak()}),
        );
    }
    if output.quiet {
        return Ok(());
    }
    for line in shown.lines() {
        terminal::say(&line)?;
    }
    let cut = shown.cut;
    let mut accuracies = shown.rows.iter().filter(|row| row.metric == "accuracy");
    let grouped = accuracies.any(|row| row.n_clusters != row.n_test);
    let kind = match command.protocol {
        ProbeProtocol::Own if grouped => "intervals over groups of test stimuli",
        ProbeProtocol::Own => "intervals over test stimuli",
        ProbeProtocol::Paper => "upper bounds, chosen on the stimuli that they are tested on",
    };
    terminal::say(&format!(
        "{} stimuli train, {} test (split {}); {kind}",
        cut.train.len(),
        cut.test.len(),
        cut.kind
    ))?;
    terminal::say(&format!("results  {}", command.out.display()))
}

impl Shown<'_> {
    /// A line for each probe under a header; columns as wide as they need.
    fn lines(&self) -> Vec<String> {
        let mut header = vec!["layer", "feature", "accuracy", "95 % interval", "chance"];
        let around = [
            ("bits", "v_information", self.around.v_information),
            ("selectivity", "selectivity", self.around.controls > 0),
            ("compression", "compression", self.around.code_orders > 0),
            ("p", "p_value", self.around.permutations > 0),
        ];
        let around = || around.iter().filter(|(_, _, asked)| *asked);
        header.extend(around().map(|(name, ..)| *name));
        header.extend(["penalty", "fit"]);
        let mut table = vec![header.iter().map(ToString::to_string).collect::<Vec<_>>()];
        for probe in self.rows.iter().filter(|row| self.is_probe(row)) {
            let layer = match probe.view.as_str() {
                "" | "full" => probe.layer.clone(),
                view => format!("{} {view}", probe.layer),
            };
            let (lower, upper) = (probe.lower, probe.upper);
            let interval = lower.zip(upper).map(|(a, b)| format!("[{a:.3}, {b:.3}]"));
            let mut cells = vec![
                layer,
                probe.feature.clone(),
                format!("{:.3}", probe.value),
                interval.unwrap_or_default(),
                self.beside(probe, "chance"),
            ];
            cells.extend(around().map(|(_, metric, _)| self.beside(probe, metric)));
            cells.push(probe.penalty.map(|p| p.to_string()).unwrap_or_default());
            cells.push(probe.status.clone());
            table.push(cells);
        }
        aligned(&table)
    }

    fn is_probe(&self, row: &ResultRow) -> bool {
        row.metric == "accuracy" && row.probe == "linear" && row.split_kind == self.cut.kind
    }

    /// Another number of the same probe.
    fn beside(&self, probe: &ResultRow, metric: &str) -> String {
        let place = |row: &ResultRow| (row.layer.clone(), row.view.clone(), row.feature.clone());
        let own = place(probe);
        let same = |row: &&ResultRow| {
            let elsewhere = metric == "chance" && row.split_kind != probe.split_kind;
            row.metric == metric && place(row) == own && !elsewhere
        };
        let found = self.rows.iter().find(same);
        found.map_or_else(|| "-".to_owned(), |row| format!("{:.3}", row.value))
    }
}

/// Words to the left of their columns, numbers to the right.
fn aligned(table: &[Vec<String>]) -> Vec<String> {
    let columns = table.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let cells = table.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate();
        let cells =
            cells.map(
                |(column, (cell, &width))| match column < 2 || column + 1 == columns {
                    true => format!("{cell:width$}"),
                    false => format!("{cell:>width$}"),
                },
            );
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    table.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(metric: &str, split_kind: &str, value: f64) -> ResultRow {
        ResultRow {
            layer: "fc6".into(),
            feature: "shape".into(),
            probe: "linear".into(),
            metric: metric.into(),
            split_kind: split_kind.into(),
            view: "full".into(),
            value,
            ..ResultRow::default()
        }
    }

    #[test]
    fn what_was_asked_for_stands_beside_each_accuracy() {
        let accuracy = ResultRow {
            lower: Some(0.5),
            upper: Some(1.0),
            penalty: Some(100.0),
            status: "converged".into(),
            ..row("accuracy", "given", 0.75)
        };
        let rows = [
            row("chance", "instance", 0.9),
            row("accuracy", "instance", 0.99),
            accuracy,
            row("chance", "given", 0.25),
            row("v_information", "given", 1.5),
        ];
        let cut = Cut {
            train: vec![0],
            selection: None,
            test: vec![1],
            kind: "given",
        };
        let around = Around {
            v_information: true,
            permutations: 19,
            ..Around::default()
        };
        let shown = Shown {
            rows: &rows,
            cut: &cut,
            around,
        };
        assert_eq!(
            shown.lines(),
            [
                "layer  feature  accuracy   95 % interval  chance   bits  p  penalty  fit",
                "fc6    shape       0.750  [0.500, 1.000]   0.250  1.500  -      100  converged",
            ]
        );
    }
}
