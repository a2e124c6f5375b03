//! The results against what the configuration asks for.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use layerprobe_reports::{
    ReportError, ResultRow, read_results, write_by_value, write_confusions, write_results,
};

use layerprobe_probes::View;

use crate::config::{Config, Protocol};
use crate::results::PAPER_PROTOCOL;

use super::Run;
use crate::experiment::design::{paper_protocol, protocol};
use crate::experiment::error::ExperimentError;
use crate::experiment::folder::layout::{by_value_in, confusions_in};
use crate::experiment::probing::assembled::assembled;
use crate::experiment::probing::baselines::row_of_version;
use crate::experiment::work::Work;

/// What one accuracy is of: condition, protocol, role or step, layer, view,
/// feature.
type Asked = [String; 6];

/// A layer, and what of it is probed.
type Shown<'a> = (&'a str, View);

impl Run<'_> {
    /// Rows for all that is asked for, and the tables as the conditions' own
    /// make them; returns how many accuracies are asked for.
    pub(super) fn check_tables(&mut self, config: &Config, work: &Work<'_>) -> usize {
        let asked = asked(config, work);
        match read_results(self.folder.results()) {
            Ok(rows) => self.check_rows(&asked, &rows),
            Err(error) => {
                let advice = self.run_again();
                self.find(self.folder.results(), error.to_string(), advice);
            }
        }
        // what is missing was told above; then nothing can be put together
        if self.findings.is_empty()
            && let Err(error) = self.check_whole_tables(work)
        {
            let advice = self.run_again();
            let problem = format!("cannot be compared with the conditions' own tables: {error}");
            self.find(self.folder.results(), problem, advice);
        }
        asked.len()
    }

    /// One accuracy for each that is asked for, and no other.
    fn check_rows(&mut self, asked: &[Asked], rows: &[ResultRow]) {
        let mut found: BTreeMap<Asked, usize> = BTreeMap::new();
        let accuracies = rows.iter().filter(|row| {
            row.metric == "accuracy"
                && row.probe == "linear"
                && row.split_kind == "held_out_values"
                && row.interval_kind != "runs"
                && row.repeat.is_none()
        });
        for row in accuracies {
            let place = match row.protocol == PAPER_PROTOCOL {
                true => row.checkpoint_role.clone(),
                false => row.step.map(|step| step.to_string()).unwrap_or_default(),
            };
            let ResultRow {
                condition,
                protocol,
                layer,
                view,
                feature,
                ..
            } = row;
            let key = [condition, protocol, &place, layer, view, feature].map(String::clone);
            *found.entry(key).or_default() += 1;
        }
        let mut missing = Vec::new();
        let mut double = Vec::new();
        for place in asked {
            match found.remove(place) {
                None => missing.push(place.clone()),
                Some(1) => {}
                Some(_) => double.push(place.clone()),
            }
        }
        let other: Vec<Asked> = found.into_keys().collect();
        for (places, problem) in [
            (missing, "has no accuracy of"),
            (double, "has more than one accuracy of"),
            (other, "has an accuracy that config.toml does not ask for:"),
        ] {
            let Some([condition, protocol, place, layer, view, feature]) = places.first() else {
                continue;
            };
            let more = match places.len() {
                1 => String::new(),
                n => format!(" (and {} more)", n - 1),
            };
            let problem = format!(
                "{problem} {feature} in {layer} ({view}) of {condition} at {place}, protocol {protocol}{more}"
            );
            let advice = self.run_again();
            self.find(self.folder.results(), problem, advice);
        }
    }

    /// The tables put together anew from the conditions' files.
    fn check_whole_tables(&mut self, work: &Work<'_>) -> Result<(), ExperimentError> {
        let root = self.folder.root().to_owned();
        let probed = work.probed(self.folder)?;
        let decoded = work.decoded(self.folder)?;
        let tables = assembled(&root, probed, decoded)?;
        let dir = tempfile::tempdir().map_err(|e| ExperimentError::io("make", &root, e))?;
        let again = dir.path().join("table.csv");
        let folder = self.folder;
        let mut compare = |path: &Path, write: &dyn Fn(&Path) -> Result<(), ReportError>| {
            write(&again)?;
            let [made, there] = [again.as_path(), path]
                .map(|path| fs::read(path).map_err(|e| ExperimentError::io("read", path, e)));
            if made? != there? {
                let problem = "is not what the conditions' own tables make";
                let advice = self.run_again();
                self.find(path, problem, advice);
            }
            Ok::<(), ExperimentError>(())
        };
        compare(&folder.results(), &|path| write_results(path, &tables.rows))?;
        compare(&by_value_in(&root), &|path| {
            write_by_value(path, &tables.by_value)
        })?;
        compare(&confusions_in(&root), &|path| {
            write_confusions(path, &tables.confusions)
        })
    }
}

/// Every accuracy that the configuration asks for.
fn asked(config: &Config, work: &Work<'_>) -> Vec<Asked> {
    let probes = &config.probes;
    let mut asked = Vec::new();
    let mut of_layer =
        |condition: &str, protocol: &str, place: &str, (layer, view): Shown| {
            let view = view.to_string();
            asked.extend(probes.features.iter().map(|feature| {
                [condition, protocol, place, layer, &view, feature].map(str::to_owned)
            }));
        };
    let clean = protocol::name(config);
    let is_clean = probes.protocol.contains(&Protocol::Clean);
    for planned in &work.planned {
        let id = &planned.condition.id;
        if is_clean {
            for step in planned.training.checkpoint_steps() {
                for layer in probes.network_layers() {
                    for view in probes.views_of(layer) {
                        of_layer(id, &clean, &step.to_string(), (layer, view));
                    }
                }
            }
        }
        if probes.protocol.contains(&Protocol::Paper) {
            for role in paper_protocol::roles(config) {
                for layer in probes.network_layers() {
                    of_layer(id, PAPER_PROTOCOL, role.name(), (layer, View::Full));
                }
            }
        }
    }
    if is_clean {
        for place in work.baselines() {
            let id = row_of_version(config, place.version).condition;
            of_layer(&id, &clean, "", (place.baseline.name(), place.view));
        }
    }
    asked
}
