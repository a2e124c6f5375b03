use super::{BITS, Binary};
use crate::GeneratorError;

/// A set as a CSV table: `index,label,easy,hard,bit1,...,bit32`, all 0 or 1 but
/// the index.
///
/// # Errors
/// None that memory does not make.
pub fn table(set: &Binary) -> Result<Vec<u8>, GeneratorError> {
    let failed = |source: std::io::Error| GeneratorError::Write {
        path: "table".into(),
        source,
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    let names = ["index", "label", "easy", "hard"].map(str::to_owned);
    let bits = (1..=BITS).map(|bit| format!("bit{bit}"));
    let header = names.into_iter().chain(bits);
    writer.write_record(header).map_err(|e| failed(e.into()))?;
    for (index, stimulus) in set.stimuli().enumerate() {
        let digit = |bit: bool| u8::from(bit).to_string();
        let features = [stimulus.label, stimulus.easy, stimulus.hard];
        let row = std::iter::once(index.to_string())
            .chain(features.map(digit))
            .chain(stimulus.bits.map(digit));
        writer.write_record(row).map_err(|e| failed(e.into()))?;
    }
    writer.into_inner().map_err(|e| failed(e.into_error()))
}
