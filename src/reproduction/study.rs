use std::collections::{BTreeMap, BTreeSet};

use layerprobe_reports::claims::{AddedParts, Claim, Claims, OpenChoice};
use serde::{Deserialize, Serialize};

use super::comparison::Comparison;
use super::error::ReproductionError;
use super::experiment::Experiment;
use crate::config::nearest_name;

/// How large a reproduction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Seconds, to see that everything works; its verdicts mean nothing.
    Smoke,
    /// Hours on two cores.
    Quick,
    /// The paper's own sizes.
    Paper,
}

/// A study's files, compiled in.
struct Source {
    name: &'static str,
    title: &'static str,
    claims: &'static str,
    open: &'static str,
    smoke: &'static str,
    quick: &'static str,
    paper: &'static str,
}

const SOURCES: &[Source] = &[Source {
    name: "hermann-lampinen-2020",
    title: "Hermann & Lampinen 2020, What shapes feature representations?",
    claims: include_str!("hermann_lampinen_2020/claims.toml"),
    open: include_str!("hermann_lampinen_2020/open.toml"),
    smoke: include_str!("hermann_lampinen_2020/smoke.toml"),
    quick: include_str!("hermann_lampinen_2020/quick.toml"),
    paper: include_str!("hermann_lampinen_2020/paper.toml"),
}];

/// The names of all studies.
pub const STUDIES: &[&str] = &[SOURCES[0].name];

/// A paper's experiments at a scale, and its claims.
#[derive(Clone, Debug)]
pub struct Study {
    /// Its name.
    pub name: String,
    /// The paper.
    pub title: String,
    /// At which scale.
    pub scale: Scale,
    /// What the scale is, in words.
    pub about: String,
    /// The experiments, in the order in which they are run.
    pub experiments: Vec<Experiment>,
    /// Experiments that take another choice where the paper leaves one open. Claims
    /// are decided by them, too, and verdicts compared.
    pub variations: Vec<Experiment>,
    /// Comparisons between the networks of two experiments.
    pub comparisons: Vec<Comparison>,
    /// What the paper claims.
    pub claims: Claims,
    /// What the paper leaves open, and what is done here.
    pub open: Vec<OpenChoice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOpen {
    open: Vec<OpenChoice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScale {
    about: String,
    names: BTreeMap<String, String>,
    experiment: Vec<Experiment>,
    comparison: Vec<Comparison>,
    #[serde(default)]
    added: Vec<AddedParts>,
}

/// What some of a study's claims need.
#[derive(Clone, Debug)]
pub struct Needed {
    /// The experiments, in order.
    pub experiments: Vec<Experiment>,
    /// The variations of these.
    pub variations: Vec<Experiment>,
    /// The comparisons, in order.
    pub comparisons: Vec<Comparison>,
    /// The claims themselves.
    pub claims: Claims,
}

impl Scale {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smoke => "smoke",
            Self::Quick => "quick",
            Self::Paper => "paper",
        }
    }
}

impl Study {
    /// The study of that name at a scale.
    ///
    /// # Errors
    /// If there is none.
    pub fn named(name: &str, scale: Scale) -> Result<Self, ReproductionError> {
        let source = SOURCES.iter().find(|source| source.name == name);
        let source = source.ok_or_else(|| ReproductionError::UnknownStudy {
            name: name.to_owned(),
            known: STUDIES.join(", "),
        })?;
        let text = match scale {
            Scale::Smoke => source.smoke,
            Scale::Quick => source.quick,
            Scale::Paper => source.paper,
        };
        let wrong = |e: toml::de::Error| ReproductionError::Study(e.to_string());
        let raw: RawScale = toml::from_str(text).map_err(wrong)?;
        let open: RawOpen = toml::from_str(source.open).map_err(wrong)?;
        let mut claims = Claims::parse(source.claims)?;
        for added in &raw.added {
            claims.add(added)?;
        }
        claims.rename(&|word| raw.names.get(word).cloned());
        let (variations, experiments): (Vec<Experiment>, Vec<Experiment>) = raw
            .experiment
            .into_iter()
            .partition(Experiment::is_variation_alone);
        let is_one = |id: &&String| experiments.iter().any(|e| e.id == **id);
        let varied = experiments.iter().chain(&variations);
        let varied = varied.flat_map(|e| &e.varies);
        let decoded = experiments.iter().flat_map(|e| &e.decodes);
        let mut named = varied.chain(decoded);
        if let Some(unknown) = named.find(|id| !is_one(id)) {
            let problem = format!("an experiment names an experiment `{unknown}`");
            return Err(ReproductionError::Study(problem));
        }
        let comparisons = raw.comparison;
        let each: Vec<&Experiment> = experiments.iter().chain(&variations).collect();
        let fits = |c: &&Comparison| c.fits(&comparisons, &each);
        if let Some(wrong) = comparisons.iter().find(|c| !fits(c)) {
            let [a, b] = &wrong.runs;
            let problem = format!(
                "comparison `{}` of {} and {}: both have to be experiments, or one a variation of what \
                 the comparison compares that it varies",
                wrong.id, a, b
            );
            return Err(ReproductionError::Study(problem));
        }
        let experiments = with_settings_of_decoded(experiments)?;
        Ok(Self {
            name: source.name.to_owned(),
            title: source.title.to_owned(),
            scale,
            about: raw.about,
            experiments,
            variations,
            comparisons,
            claims,
            open: open.open,
        })
    }

    /// The experiment or variation of that name.
    ///
    /// # Errors
    /// If there is none.
    pub fn experiment(&self, id: &str) -> Result<&Experiment, ReproductionError> {
        let mut each = self.experiments.iter().chain(&self.variations);
        each.find(|e| e.id == id)
            .ok_or_else(|| ReproductionError::Study(format!("no experiment `{id}`")))
    }

    /// What these claims need; if none is named all of the study, with experiments
    /// that no claim looks at, too.
    ///
    /// # Errors
    /// If a claim does not exist.
    pub fn needed(&self, only: &[String]) -> Result<Needed, ReproductionError> {
        let known: Vec<&str> = self.claims.claims.iter().map(|c| c.id.as_str()).collect();
        if let Some(name) = only.iter().find(|name| !known.contains(&name.as_str())) {
            let nearest = nearest_name(name, known.iter().copied());
            return Err(ReproductionError::UnknownClaim {
                name: name.clone(),
                hint: nearest
                    .map(|near| format!(", did you mean `{near}`?"))
                    .unwrap_or_default(),
                known: known.join(", "),
            });
        }
        let mut claims = self.claims.clone();
        claims
            .claims
            .retain(|claim| only.is_empty() || only.contains(&claim.id));
        let needed: BTreeSet<String> = claims.claims.iter().flat_map(Claim::experiments).collect();
        let is_needed = |id: &str| only.is_empty() || needed.contains(id);
        let decoded: BTreeSet<String> = claims.claims.iter().flat_map(Claim::decoded).collect();
        let is_looked_at = |e: &Experiment| match &e.decodes {
            Some(of) => decoded.contains(of),
            None => is_needed(&e.id),
        };
        let experiments = self.experiments.iter().filter(|e| is_looked_at(e));
        // one that other claims look at itself is here a variation alone
        let others = self.experiments.iter().filter(|e| !is_looked_at(e));
        let variations = others.chain(&self.variations);
        let variations = variations.filter(|e| e.varies.as_deref().is_some_and(is_needed));
        // a comparison is needed where one claim looks at networks of both runs
        let both = |comparison: &Comparison| {
            claims.claims.iter().any(|claim| {
                let of_claim = claim.pairs();
                let [a, b] = &comparison.runs;
                of_claim.contains(&(a.clone(), b.clone()))
                    || of_claim.contains(&(b.clone(), a.clone()))
            })
        };
        let compared = |comparison: &&Comparison| match &comparison.varies {
            Some(varies) => self.comparisons.iter().any(|c| c.id == *varies && both(c)),
            None => both(comparison),
        };
        Ok(Needed {
            experiments: experiments.cloned().collect(),
            variations: variations.cloned().collect(),
            comparisons: self.comparisons.iter().filter(compared).cloned().collect(),
            claims,
        })
    }
}

/// Gives experiments that decode others' networks these ones' presets and settings,
/// before their own.
fn with_settings_of_decoded(
    experiments: Vec<Experiment>,
) -> Result<Vec<Experiment>, ReproductionError> {
    let of = |id: &String| experiments.iter().find(|e| e.id == *id);
    let mut all = Vec::new();
    for experiment in &experiments {
        let mut experiment = experiment.clone();
        if let Some(decoded) = experiment.decodes.as_ref().and_then(of) {
            experiment.preset = decoded.preset.clone();
            let paper = "probes.protocol=paper".to_owned();
            let own = std::mem::take(&mut experiment.set);
            experiment.set = decoded
                .set
                .iter()
                .cloned()
                .chain([paper])
                .chain(own)
                .collect();
            experiment.about = format!("the networks of {}, by the paper's protocol", decoded.id);
        }
        if experiment.preset.is_empty() {
            let problem = format!("experiment `{}` has no preset", experiment.id);
            return Err(ReproductionError::Study(problem));
        }
        all.push(experiment);
    }
    Ok(all)
}

impl Needed {
    /// The experiments, and then their variations.
    pub fn each(&self) -> impl Iterator<Item = &Experiment> {
        self.experiments.iter().chain(&self.variations)
    }

    /// Those without which the study is not at its end.
    pub fn basic(&self) -> impl Iterator<Item = &Experiment> {
        self.experiments.iter().filter(|e| !e.on_request)
    }

    /// Those to be run: the basic ones, or with `variations` all.
    pub fn wanted(&self, variations: bool) -> impl Iterator<Item = &Experiment> {
        let basic: BTreeSet<&String> = self.basic().map(|e| &e.id).collect();
        self.each()
            .filter(move |e| variations || basic.contains(&e.id))
    }

    /// The comparisons to be made: the basic ones, or with `variations` all.
    pub fn wanted_comparisons(&self, variations: bool) -> impl Iterator<Item = &Comparison> {
        let comparisons = self.comparisons.iter();
        comparisons.filter(move |c| variations || c.is_basic())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AnyConfig, Protocol};

    #[test]
    fn every_experiment_is_valid_and_every_claim_finds_its_experiments() {
        for scale in [Scale::Quick, Scale::Paper] {
            let study = Study::named(STUDIES[0], scale).unwrap();
            let ids: Vec<&String> = study.experiments.iter().map(|e| &e.id).collect();
            for variation in &study.variations {
                let of_it = study.claims.experiments();
                assert!(of_it.contains(variation.varies.as_ref().unwrap()));
                assert!(variation.checked().is_ok() && !ids.contains(&&variation.id));
            }
            for experiment in &study.experiments {
                let checked = experiment.checked().unwrap();
                assert!(ids.iter().filter(|id| **id == &experiment.id).count() == 1);
                for claim in &study.claims.claims {
                    for part in &claim.parts {
                        let sides = [Some(&part.of), part.over.as_ref()].into_iter().flatten();
                        let sides = sides.flat_map(|s| [Some(s.clone()), s.other_side()]);
                        let of_it = sides
                            .flatten()
                            .filter(|side| side.experiment.as_ref() == Some(&experiment.id));
                        let AnyConfig::Images(config) = &checked else {
                            continue;
                        };
                        for layer in of_it.filter_map(|side| side.layer) {
                            let known = config.probes.layers.contains(&layer);
                            assert!(known, "{}: {layer}", claim.id);
                        }
                    }
                }
            }
            for needed in study.claims.experiments() {
                assert!(ids.contains(&&needed), "{needed}");
            }
            // by variations, too
            let variations = study.variations.iter().filter_map(Experiment::variation);
            let claims = variations.map(|v| study.claims.varied(&v));
            let claims: Vec<Claims> = claims.chain([study.claims.clone()]).collect();
            let claims = claims.iter().flat_map(|claims| &claims.claims);
            for (a, b) in claims.flat_map(Claim::pairs) {
                let compared = |c: &Comparison| {
                    c.runs == [a.clone(), b.clone()] || c.runs == [b.clone(), a.clone()]
                };
                let own = |e: &Experiment| a == b && e.id == a && e.similarity;
                assert!(
                    study.comparisons.iter().any(compared)
                        || study.experiments.iter().any(own)
                        || study.variations.iter().any(own)
                        || a.starts_with("binary"),
                    "{a} and {b}"
                );
            }
        }
    }

    #[test]
    fn networks_that_are_decoded_again_are_the_same() {
        for scale in [Scale::Quick, Scale::Smoke, Scale::Paper] {
            let study = Study::named(STUDIES[0], scale).unwrap();
            let again: Vec<&Experiment> = study
                .experiments
                .iter()
                .filter(|e| e.decodes.is_some())
                .collect();
            assert!(!again.is_empty());
            for experiment in again {
                let networks = |e: &Experiment| {
                    let config = e.config().unwrap();
                    (
                        config.seeds,
                        config.stimuli,
                        config.split,
                        config.correlation,
                        config.network,
                        config.training,
                    )
                };
                let of_it = |e: &&Experiment| Some(&e.id) == experiment.decodes.as_ref();
                let decoded = study.experiments.iter().find(of_it).unwrap();
                assert_eq!(networks(experiment), networks(decoded), "{}", experiment.id);
                let config = experiment.config().unwrap();
                assert_eq!(config.probes.protocol, [Protocol::Paper]);
                for layer in &decoded.config().unwrap().probes.layers {
                    assert!(config.probes.layers.contains(layer), "{}", experiment.id);
                }
            }
        }
    }

    #[test]
    fn readers_are_told_what_the_paper_leaves_open() {
        let study = Study::named(STUDIES[0], Scale::Quick).unwrap();
        let guide = include_str!("../../docs/reproduction.md");
        for OpenChoice {
            what,
            here,
            option,
            why,
        } in &study.open
        {
            let line = format!("| {what} | {here} | {option} | {why} |");
            assert!(guide.contains(&line), "docs/reproduction.md lacks\n{line}");
        }
        assert!(study.open.len() > 15);
    }

    #[test]
    fn only_what_a_claim_needs_is_run() {
        let study = Study::named(STUDIES[0], Scale::Quick).unwrap();
        let needed = study.needed(&["rsa-correlated".to_owned()]).unwrap();
        let ids: Vec<&str> = needed.experiments.iter().map(|e| e.id.as_str()).collect();
        assert_eq!(ids, ["trifeature-second", "shape-texture-0.5"]);
        assert_eq!(needed.wanted_comparisons(false).count(), 1);
        // what other claims look at itself is here a variation alone
        assert_eq!(needed.wanted_comparisons(true).count(), 2);
        let basic: Vec<&str> = needed.wanted(false).map(|e| e.id.as_str()).collect();
        assert_eq!(basic, ids);
        assert!(needed.wanted(true).any(|e| e.id == "trifeature-second-own"));
        for scale in [Scale::Quick, Scale::Paper] {
            let study = Study::named(STUDIES[0], scale).unwrap();
            let all = study.needed(&[]).unwrap();
            assert_eq!(all.experiments, study.experiments);
        }
        let error = study.needed(&["rsa-ordr".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("did you mean `rsa-order`?"));
        assert!(Study::named("hermann", Scale::Quick).is_err());
    }
}
