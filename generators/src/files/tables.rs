use csv::Writer;

use super::twin_stem;
use crate::splits::{HoldOuts, Split};
use crate::{GeneratorError, StimulusSet};

/// The table `labels.csv` of stimuli: `file,index,combination,exemplar`, a column a feature
/// (the value's name) and a column a property.
///
/// # Errors
/// If the table cannot be written.
pub fn labels(set: &dyn StimulusSet, stimuli: &[usize]) -> Result<Vec<u8>, GeneratorError> {
    let names = set.features().iter().map(|feature| feature.name);
    let header = ["file", "index", "combination", "exemplar"];
    let header = header.into_iter().chain(names);
    let header = header.chain(set.properties().iter().copied());
    let rows = stimuli.iter().map(|&index| {
        let mut row = vec![
            file(set, index),
            index.to_string(),
            set.combination(index).to_string(),
            set.exemplar(index).to_string(),
        ];
        let labels = set.labels(index);
        let values = set.features().iter().zip(labels);
        row.extend(values.map(|(feature, value)| feature.values[value].clone()));
        row.extend(set.property_values(index).iter().map(f64::to_string));
        row
    });
    table(header.map(str::to_owned).collect(), rows)
}

/// `file,train`, a column `validation_<feature>` for each target and
/// `discarded`: 1 where the stimulus is in that list.
pub fn split(
    set: &dyn StimulusSet,
    stimuli: &[usize],
    split: &Split,
) -> Result<Vec<u8>, GeneratorError> {
    let validation = set.features().iter();
    let validation = validation.map(|feature| format!("validation_{}", feature.name));
    let mut header = vec!["file".to_owned(), "train".to_owned()];
    header.extend(validation);
    header.push("discarded".to_owned());
    let mut lists = vec![&split.train];
    lists.extend(&split.validation);
    lists.push(&split.discarded);
    let rows = stimuli.iter().map(|index| {
        let mut row = vec![file(set, *index)];
        let lists = lists.iter();
        row.extend(lists.map(|list| u8::from(list.binary_search(index).is_ok()).to_string()));
        row
    });
    table(header, rows)
}

/// `feature,value`: what is held out.
pub fn held_out(hold_outs: &HoldOuts) -> Result<Vec<u8>, GeneratorError> {
    let features = hold_outs.features().iter().enumerate();
    let rows = features.flat_map(|(number, feature)| {
        let held = hold_outs.held(number).iter();
        held.map(|&value| vec![feature.name.to_owned(), feature.values[value].clone()])
    });
    table(vec!["feature".to_owned(), "value".to_owned()], rows)
}

/// `file,twin_of,feature,from,to`.
pub fn twins(
    set: &dyn StimulusSet,
    stimuli: &[usize],
    feature: usize,
) -> Result<Vec<u8>, GeneratorError> {
    let header = ["file", "twin_of", "feature", "from", "to"];
    let described = &set.features()[feature];
    let rows = stimuli.iter().map(|&index| {
        let (from, to) = (set.labels(index)[feature], set.twin_value(index, feature));
        vec![
            format!(
                "twins/{}/{}.png",
                described.name,
                twin_stem(set, index, feature)
            ),
            file(set, index),
            described.name.to_owned(),
            described.values[from].clone(),
            described.values[to].clone(),
        ]
    });
    table(header.map(str::to_owned).to_vec(), rows)
}

/// Where an image is, from the folder that holds the table.
fn file(set: &dyn StimulusSet, index: usize) -> String {
    format!("images/{}.png", set.stem(index))
}

fn table(
    header: Vec<String>,
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<Vec<u8>, GeneratorError> {
    let failed = |error: csv::Error| GeneratorError::Write {
        path: "table".into(),
        source: error.into(),
    };
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(&header).map_err(failed)?;
    for row in rows {
        writer.write_record(&row).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| GeneratorError::Write {
        path: "table".into(),
        source: error.into_error(),
    })
}
