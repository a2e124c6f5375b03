use serde::Deserialize;

use super::experiment::Experiment;

/// A comparison of the networks of two experiments.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// Its name.
    pub id: String,
    /// What it is, in words.
    pub about: String,
    /// The comparison that it is a variation of: one of its experiments is a
    /// variation, the other one not.
    pub varies: Option<String>,
    /// The two experiments.
    pub runs: [String; 2],
}

impl Comparison {
    /// Whether a study is not at its end without it.
    pub fn is_basic(&self) -> bool {
        self.varies.is_none()
    }

    /// Whether it compares what it may: two `experiments`, or as a variation of one of
    /// `comparisons` that one's, a variation in the place of one of them.
    pub(super) fn fits(&self, comparisons: &[Self], experiments: &[&Experiment]) -> bool {
        let of = |id: &String| experiments.iter().find(|e| e.id == *id);
        let Some(varies) = &self.varies else {
            let is_one = |id| of(id).is_some_and(|e| !e.is_variation_alone());
            return self.runs.iter().all(is_one);
        };
        let varied = |id: &String| of(id).and_then(|e| e.varies.clone());
        let [a, b] = &self.runs;
        let basic = match (varied(a), varied(b)) {
            (Some(a), None) => [a, b.clone()],
            (None, Some(b)) => [a.clone(), b],
            _ => return false,
        };
        let is_varied = |c: &Self| c.is_basic() && c.id == *varies && c.runs == basic;
        comparisons.iter().any(is_varied)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variation_stands_in_the_place_of_what_it_varies() {
        let experiment = |id: &str, varies: Option<&str>| Experiment {
            id: id.to_owned(),
            about: String::new(),
            varies: varies.map(str::to_owned),
            looked_at: id == "c",
            decodes: None,
            on_request: false,
            kind: crate::reproduction::Kind::Images,
            preset: "smoke".to_owned(),
            set: Vec::new(),
            similarity: true,
        };
        let comparison = |id: &str, varies: Option<&str>, runs: [&str; 2]| Comparison {
            id: id.to_owned(),
            about: String::new(),
            varies: varies.map(str::to_owned),
            runs: runs.map(str::to_owned),
        };
        let experiments = [
            experiment("a", None),
            experiment("b", None),
            experiment("a2", Some("a")),
            experiment("b2", Some("b")),
            // claims look at it itself, too
            experiment("c", Some("b")),
        ];
        let experiments: Vec<&Experiment> = experiments.iter().collect();
        let basic = [comparison("ab", None, ["a", "b"])];
        let fits = |varies, runs| {
            let it = comparison("it", varies, runs);
            it.fits(&basic, &experiments)
        };
        for (varies, runs) in [
            (None, ["b", "a"]),
            (None, ["a", "c"]),
            (Some("ab"), ["a", "c"]),
            (Some("ab"), ["a2", "b"]),
            (Some("ab"), ["a", "b2"]),
        ] {
            assert!(fits(varies, runs), "{varies:?} {runs:?}");
        }
        for (varies, runs) in [
            // a variation in a comparison that is none
            (None, ["a2", "b"]),
            (None, ["a", "d"]),
            // none in one that is
            (Some("ab"), ["a", "b"]),
            (Some("ab"), ["a2", "b2"]),
            (Some("ab"), ["b2", "a"]),
            (Some("ac"), ["a2", "b"]),
            (Some("it"), ["a2", "b"]),
        ] {
            assert!(!fits(varies, runs), "{varies:?} {runs:?}");
        }
    }
}
