//! Hashes of all files, and what the manifest says of the configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Run;
use crate::experiment::error::ExperimentError;
use crate::experiment::folder::artifacts::{files_below, folder_of_proof, is_of_a_run};
use crate::experiment::folder::manifest::{ManifestSeeds, Origin};
use crate::experiment::folder::proof::{Proof, hash_file};

impl Run<'_> {
    /// The configuration against itself and the manifest.
    pub(super) fn check_config(&mut self, text: &str, written: &str, origin: &Origin) {
        let path = self.folder.root().join("config.toml");
        if text != written {
            let advice = "put back the file that the run wrote (`layerprobe config show` writes the \
                          same form); a changed configuration belongs in another folder";
            let problem = "is not in the form that a run writes: it was edited";
            self.find(path.clone(), problem, advice.to_owned());
        }
        let Some(manifest) = self.manifest else {
            let problem = match self.folder.manifest().exists() {
                true => "cannot be read",
                false => "is missing: the run was not finished",
            };
            let advice = self.run_again();
            return self.find(self.folder.manifest(), problem, advice);
        };
        if manifest.config_hash != origin.config_hash {
            let problem = "is not the configuration that manifest.json names";
            let advice = "put back the one that the results were made with, or run this one in \
                          another folder";
            self.find(path, problem, advice.to_owned());
        }
        let of = |seeds: &ManifestSeeds| (seeds.master, seeds.data, seeds.init, seeds.order);
        let (theirs, ours) = (of(&manifest.seeds), of(&origin.seeds));
        if theirs != ours {
            let problem = format!("says seeds {theirs:?}, config.toml has {ours:?}");
            let advice = self.run_again();
            self.find(self.folder.manifest(), problem, advice);
        }
        let protocol = &origin.protocol;
        if manifest.protocol != *protocol {
            let problem = format!(
                "says protocol {}, this version of layerprobe measures {protocol}",
                manifest.protocol
            );
            let advice = format!(
                "read it with layerprobe {}, which made it, or run it again in another folder",
                manifest.version
            );
            self.find(self.folder.manifest(), problem, advice);
        }
    }

    /// Every file that the run made against its hash; returns how many were read. What
    /// else lies in the folder is the user's.
    pub(super) fn check_files(&mut self) -> Result<usize, ExperimentError> {
        let root = self.folder.root();
        let mut files = BTreeMap::new();
        files_below(root, root, &mut files)?;
        files.retain(|name, _| is_of_a_run(name));
        let advice = self.run_again();
        let listed = self.manifest.map(|manifest| manifest.artifacts.clone());
        let mut listed = listed.unwrap_or_default();
        // earlier versions listed the user's files too
        listed.retain(|name, _| is_of_a_run(name));
        for (name, hash) in &listed {
            let path = root.join(name);
            if !files.contains_key(name) {
                self.find(path, "is missing", advice.clone());
            } else if hash_file(&path)? != *hash {
                let problem = "is not what the run wrote: its hash differs from manifest.json";
                self.find(path, problem, advice.clone());
            }
        }
        let is_listing = self.manifest.is_some();
        for (name, path) in &files {
            if is_listing && !listed.contains_key(name) {
                let problem = "is not listed in manifest.json: the run was not finished, or never \
                               made it";
                let advice = format!("{advice}; or move the file elsewhere");
                self.find(path.clone(), problem, advice);
            }
        }
        self.check_proofs(&files, &listed);
        Ok(listed.len())
    }

    /// The manifest against the proofs that were written with the files.
    fn check_proofs(
        &mut self,
        files: &BTreeMap<String, PathBuf>,
        listed: &BTreeMap<String, String>,
    ) {
        let advice = self.run_again();
        let proofs = files
            .iter()
            .filter_map(|(name, path)| Some((folder_of_proof(name)?, path)));
        for (folder, path) in proofs {
            let Some(proof) = Proof::read(path) else {
                self.find(path.clone(), "is no proof of finished work", advice.clone());
                continue;
            };
            for (name, hash) in &proof.artifacts {
                let name = folder.clone() + name;
                if listed.get(&name).is_some_and(|listed| listed != hash) {
                    let problem = format!("and manifest.json have two hashes of {name}");
                    self.find(path.clone(), problem, advice.clone());
                }
            }
        }
    }
}
