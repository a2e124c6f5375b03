//! Results as Parquet, read back cell by cell.

#![allow(clippy::unwrap_used, dead_code)] // a failed step fails the test; not all is made up here

mod synthetic;

use std::fs::{self, File};

use layerprobe_reports::{ReportError, ResultRow, write_parquet, write_results};
use parquet::basic::{Encoding, LogicalType, Type as Physical};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use proptest::prelude::*;

/// A cell as `results.csv` has it.
fn as_csv(field: &Field) -> String {
    match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        Field::ULong(number) => number.to_string(),
        Field::Double(number) => format!("{number:?}"),
        other => panic!("{other:?}"),
    }
}

/// Fails unless the Parquet file of these rows has every cell of their CSV file.
fn assert_same_cells(rows: &[ResultRow]) {
    let dir = tempfile::tempdir().unwrap();
    let (csv, parquet) = (dir.path().join("r.csv"), dir.path().join("r.parquet"));
    write_results(&csv, rows).unwrap();
    write_parquet(&parquet, rows).unwrap();
    let mut csv = csv::Reader::from_path(csv).unwrap();
    let reader = SerializedFileReader::new(File::open(&parquet).unwrap()).unwrap();
    let mut read = reader.get_row_iter(None).unwrap();
    for record in csv.records() {
        let row = read.next().unwrap().unwrap();
        let cells = row.get_column_iter().map(|(_, field)| as_csv(field));
        let record = record.unwrap();
        assert_eq!(cells.collect::<Vec<_>>(), record.iter().collect::<Vec<_>>());
    }
    assert!(read.next().is_none());
}

#[test]
fn every_cell_is_that_of_the_csv_file() {
    let rows = synthetic::Plan::default().rows();
    assert!(rows.len() > 100);
    assert_same_cells(&rows);
    assert_same_cells(&[]);
}

#[test]
fn types_metadata_and_bytes_are_fixed() {
    let dir = tempfile::tempdir().unwrap();
    let rows = synthetic::Plan::default().rows();
    let [one, two] = ["1.parquet", "2.parquet"].map(|name| dir.path().join(name));
    write_parquet(&one, &rows).unwrap();
    write_parquet(&two, &rows).unwrap();
    assert_eq!(fs::read(&one).unwrap(), fs::read(&two).unwrap());

    let reader = SerializedFileReader::new(File::open(&one).unwrap()).unwrap();
    let metadata = reader.metadata().file_metadata();
    let said = metadata.key_value_metadata().unwrap();
    let value = |key: &str| {
        let entry = said.iter().find(|entry| entry.key == key).unwrap();
        entry.value.clone().unwrap()
    };
    assert_eq!(value("layerprobe.table"), "results");
    assert_eq!(value("layerprobe.schema"), "1");
    let columns = metadata.schema_descr().columns();
    let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
    assert_eq!(names, ResultRow::COLUMNS);
    let column = |name: &str| {
        let place = names.iter().position(|n| *n == name).unwrap();
        (
            &columns[place],
            reader.metadata().row_group(0).column(place),
        )
    };
    let (layer, chunk) = column("layer");
    assert_eq!(layer.logical_type_ref(), Some(&LogicalType::String));
    assert!(chunk.encodings().any(|e| e == Encoding::RLE_DICTIONARY));
    assert_eq!(
        column("seed").0.logical_type_ref(),
        Some(&LogicalType::integer(64, false))
    );
    assert_eq!(column("value").0.physical_type(), Physical::DOUBLE);
}

#[test]
fn what_a_csv_file_would_not_take_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.parquet");
    let row = ResultRow {
        value: f64::NAN,
        ..ResultRow::default()
    };
    let error = write_parquet(&path, &[row]).unwrap_err();
    assert!(matches!(error, ReportError::NotFinite { .. }));
    assert!(!path.exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_rows_read_back(cells in proptest::collection::vec(
        (".{0,12}", proptest::option::of(any::<u64>()), any::<Option<u32>>(),
         -1e300f64..1e300, proptest::option::of(any::<f64>())),
        0..40,
    )) {
        let rows: Vec<ResultRow> = cells
            .into_iter()
            .map(|(layer, seed, split, value, gap)| ResultRow {
                layer,
                seed,
                split,
                value,
                gradient_norm: gap,
                ..ResultRow::default()
            })
            .collect();
        assert_same_cells(&rows);
    }
}
