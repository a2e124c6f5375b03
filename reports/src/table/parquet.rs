//! The results table as a Parquet file.

use std::path::Path;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use super::cell::Column;
use super::record::Record;
use super::write::check_finite;
use crate::{ReportError, ResultRow};

/// Version of the columns: raised when one is renamed or dropped, not when one
/// is added.
const SCHEMA: &str = "1";

/// Rows of a row group, the part that readers take at a time.
const GROUP: usize = 1 << 20;

/// Writes the results table as Parquet: the columns of `results.csv` in their
/// order, text as UTF-8 with a dictionary, whole numbers as unsigned 64-bit
/// integers, other numbers as doubles, null where the CSV has an empty cell. The
/// metadata says `layerprobe.table` = `results` and `layerprobe.schema` = `1`, the
/// version of the columns. Nothing is compressed.
///
/// The same rows give the same bytes. The file appears whole or not at all.
///
/// # Errors
/// As [`write_results`](crate::write_results).
pub fn write_parquet(path: &Path, rows: &[ResultRow]) -> Result<(), ReportError> {
    check_finite(rows)?;
    let bytes = bytes_of("results", rows).map_err(|source| ReportError::Write {
        path: path.to_owned(),
        source: std::io::Error::other(source),
    })?;
    layerprobe_durable::write(path, &bytes).map_err(ReportError::write(path))
}

fn bytes_of<R: Record>(table: &str, rows: &[R]) -> Result<Vec<u8>, ParquetError> {
    let said = |key: &str, value: &str| KeyValue::new(key.to_owned(), value.to_owned());
    let properties = WriterProperties::builder()
        .set_created_by(concat!("layerprobe ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(vec![
            said("layerprobe.table", table),
            said("layerprobe.schema", SCHEMA),
        ]))
        .build();
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema::<R>()?, Arc::new(properties))?;
    for rows in rows.chunks(GROUP) {
        let mut group = writer.next_row_group()?;
        for cells in R::columns(rows) {
            let Some(mut column) = group.next_column()? else {
                return Err(ParquetError::General("a column too many".to_owned()));
            };
            write_cells(column.untyped(), cells)?;
            column.close()?;
        }
        group.close()?;
    }
    writer.close()?;
    Ok(bytes)
}

/// The columns with their types, all of which may have nulls.
fn schema<R: Record>() -> Result<TypePtr, ParquetError> {
    let columns = R::COLUMNS.iter().zip(R::columns(&[]));
    let fields = columns.map(|(name, cells)| {
        let (physical, logical) = match cells {
            Column::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Column::Whole(_) => (Physical::INT64, Some(LogicalType::integer(64, false))),
            Column::Number(_) => (Physical::DOUBLE, None),
        };
        Type::primitive_type_builder(name, physical)
            .with_logical_type(logical)
            .with_repetition(Repetition::OPTIONAL)
            .build()
            .map(Arc::new)
    });
    let fields = fields.collect::<Result<_, _>>()?;
    let root = Type::group_type_builder("row")
        .with_fields(fields)
        .build()?;
    Ok(Arc::new(root))
}

fn write_cells(writer: &mut ColumnWriter<'_>, cells: Column<'_>) -> Result<(), ParquetError> {
    match (writer, cells) {
        (ColumnWriter::ByteArrayColumnWriter(writer), Column::Text(cells)) => {
            let there = present(&cells);
            let values: Vec<ByteArray> = cells.into_iter().flatten().map(ByteArray::from).collect();
            writer.write_batch(&values, Some(&there), None)?;
        }
        (ColumnWriter::Int64ColumnWriter(writer), Column::Whole(cells)) => {
            let there = present(&cells);
            // the same 64 bits, which the schema says to be unsigned
            let values = cells.into_iter().flatten().map(u64::cast_signed);
            writer.write_batch(&values.collect::<Vec<_>>(), Some(&there), None)?;
        }
        (ColumnWriter::DoubleColumnWriter(writer), Column::Number(cells)) => {
            let there = present(&cells);
            let values: Vec<f64> = cells.into_iter().flatten().collect();
            writer.write_batch(&values, Some(&there), None)?;
        }
        _ => return Err(ParquetError::General("a column of another type".to_owned())),
    }
    Ok(())
}

/// 1 where a cell has a value, 0 where it is null.
fn present<T>(cells: &[Option<T>]) -> Vec<i16> {
    cells.iter().map(|cell| i16::from(cell.is_some())).collect()
}
