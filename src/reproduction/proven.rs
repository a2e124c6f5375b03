//! Tables that say what they were made of, so that they can be handed on without
//! the runs behind them.

use std::fs;
use std::path::{Path, PathBuf};

use layerprobe_reports::{ResultRow, read_results, write_results};

use super::error::ReproductionError;

/// A table of results, and beside it a file that names what it was made of and
/// its hash.
pub(super) struct ProvenTable {
    path: PathBuf,
    /// Versions and hashes of configurations, a line each.
    made_of: Vec<String>,
}

impl ProvenTable {
    /// The table at a path, if it is made of these.
    pub(super) fn new(path: PathBuf, made_of: Vec<String>) -> Self {
        Self { path, made_of }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is there, unaltered, and made of what was said.
    pub(super) fn is_proven(&self) -> bool {
        let proof = fs::read_to_string(self.proof());
        let (Ok(table), Ok(proof)) = (fs::read(&self.path), proof) else {
            return false;
        };
        proof == self.proven(&table)
    }

    /// Its rows; none if it is not proven.
    pub(super) fn rows(&self) -> Result<Vec<ResultRow>, ReproductionError> {
        match self.is_proven() {
            true => Ok(read_results(&self.path)?),
            false => Ok(Vec::new()),
        }
    }

    /// Writes it with its proof, over what is there.
    pub(super) fn write(&self, rows: &[ResultRow]) -> Result<(), ReproductionError> {
        self.make_room()?;
        write_results(&self.path, rows)?;
        self.prove()
    }

    /// Writes the proof of the table that is there.
    pub(super) fn prove(&self) -> Result<(), ReproductionError> {
        let table = fs::read(&self.path).map_err(failed("read", &self.path))?;
        let proof = self.proof();
        layerprobe_durable::write(&proof, self.proven(&table).as_bytes())
            .map_err(failed("write", &proof))
    }

    /// Takes over the same table from elsewhere, if it is proven there.
    pub(super) fn adopt(&self, from: &Path) -> Result<bool, ReproductionError> {
        let other = Self::new(from.to_owned(), self.made_of.clone());
        if !other.is_proven() {
            return Ok(false);
        }
        self.make_room()?;
        let table = fs::read(&other.path).map_err(failed("read", &other.path))?;
        layerprobe_durable::write(&self.path, &table).map_err(failed("write", &self.path))?;
        self.prove()?;
        Ok(true)
    }

    /// Makes the folder it lies in.
    pub(super) fn make_room(&self) -> Result<(), ReproductionError> {
        match self.path.parent() {
            Some(folder) => fs::create_dir_all(folder).map_err(failed("make", folder)),
            None => Ok(()),
        }
    }

    fn proof(&self) -> PathBuf {
        self.path.with_extension("proof")
    }

    /// What the proof says of a table with these bytes.
    fn proven(&self, table: &[u8]) -> String {
        let made_of = self.made_of.join("\n");
        format!("{made_of}\n{}\n", blake3::hash(table).to_hex())
    }
}

fn failed(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(std::io::Error) -> ReproductionError + use<> {
    let path = path.to_owned();
    move |source| ReproductionError::Io {
        action,
        path,
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_taken_over_only_as_it_was_made() {
        let dir = tempfile::tempdir().unwrap();
        let at = |place: &str, made_of: &str| {
            ProvenTable::new(dir.path().join(place), vec![made_of.to_owned()])
        };
        let row = ResultRow {
            condition: "one/two".to_owned(),
            metric: "accuracy".to_owned(),
            value: 0.25,
            ..ResultRow::default()
        };
        let there = at("there/a.csv", "config 1");
        there.write(std::slice::from_ref(&row)).unwrap();
        let (same, other) = (at("here/a.csv", "config 1"), at("here/a.csv", "config 2"));
        assert!(same.rows().unwrap().is_empty());
        assert!(!other.adopt(there.path()).unwrap());
        assert!(same.adopt(there.path()).unwrap());
        assert_eq!(same.rows().unwrap(), [row]);
        // of another configuration, or altered, it is not there
        assert!(!other.is_proven());
        let altered = fs::read_to_string(same.path())
            .unwrap()
            .replace("0.25", "0.75");
        fs::write(same.path(), altered).unwrap();
        assert!(!same.is_proven() && same.rows().unwrap().is_empty());
    }
}
