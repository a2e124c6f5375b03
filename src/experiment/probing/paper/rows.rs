//! One learning rate, weight decay and epoch for all hold-out versions, and
//! what each network's decoder gives there.

use layerprobe_probes::{FeatureCurves, GridCurves, View, choose};
use layerprobe_reports::ResultRow;

use super::curves::LayerCurves;
use super::{PaperStage, Place};
use crate::experiment::design::paper_protocol;
use crate::experiment::error::ExperimentError;
use crate::experiment::probing::rows::row_of_condition;
use crate::results::{PAPER_PROTOCOL, PAPER_SELECTED_BY};

impl PaperStage<'_> {
    /// All rows, from complete curves: targets one after the other.
    pub fn rows(&self) -> Result<Vec<ResultRow>, ExperimentError> {
        let mut rows = Vec::new();
        for target in &self.config.training.targets {
            for &role in paper_protocol::roles(self.config) {
                for layer in self.config.probes.network_layers() {
                    let versions: Vec<(Place<'_>, LayerCurves)> = self
                        .conditions
                        .iter()
                        .filter(|condition| &condition.target == target)
                        .map(|condition| {
                            let place = Place {
                                condition,
                                role,
                                layer,
                            };
                            Ok((place, self.read(&place)?))
                        })
                        .collect::<Result<_, ExperimentError>>()?;
                    for feature in 0..self.config.probes.features.len() {
                        rows.extend(self.rows_of(&versions, feature));
                    }
                }
            }
        }
        Ok(rows)
    }

    /// One feature at one layer of one kind of checkpoint.
    fn rows_of(&self, versions: &[(Place<'_>, LayerCurves)], feature: usize) -> Vec<ResultRow> {
        let of = |curves: &'_ LayerCurves| curves.features.get(feature).cloned();
        let found: Vec<FeatureCurves> = versions.iter().filter_map(|(_, c)| of(c)).collect();
        let networks: Vec<&GridCurves> = found.iter().map(|found| &found.curves).collect();
        let Some(choice) = choose(&networks) else {
            return Vec::new();
        };
        let (rate, decay) = self.grid.points()[choice.point];
        let mut rows = Vec::new();
        for ((place, curves), found) in versions.iter().zip(&found) {
            let version = self
                .stimuli
                .versions
                .iter()
                .find(|version| version.number == place.condition.version);
            let effective = version.and_then(|v| self.stimuli.effective_predictivity(v));
            let tested = ResultRow {
                protocol: PAPER_PROTOCOL.to_owned(),
                step: Some(curves.step),
                epoch: Some(curves.epoch),
                checkpoint_role: place.role.name().to_owned(),
                layer: curves.layer.clone(),
                dim: Some(curves.dim as u64),
                view: View::Full.to_string(),
                feature: found.feature.clone(),
                n_train: Some(found.curves.n_train as u64),
                n_test: Some(found.curves.n_test as u64),
                n_runs: Some(1),
                ..row_of_condition(self.config, place.condition, effective)
            };
            let steps = found.curves.n_train.div_ceil(self.grid.batch_size());
            rows.push(ResultRow {
                probe: "linear".to_owned(),
                metric: "accuracy".to_owned(),
                value: found.curves.accuracy(choice.point, choice.epoch),
                iterations: Some((choice.epoch * steps) as u64),
                status: "fixed_budget".to_owned(),
                selected_by: PAPER_SELECTED_BY.to_owned(),
                learning_rate: Some(rate),
                weight_decay: Some(decay),
                ..tested.clone()
            });
            rows.push(ResultRow {
                probe: "none".to_owned(),
                metric: "chance".to_owned(),
                value: found.chance,
                ..tested
            });
        }
        rows
    }
}
