//! A matrix of similarities: as a figure and as a table in the terminal.

use std::fs;
use std::path::{Path, PathBuf};

use crate::figures::{HeatMap, HeatMapName, draw_heat_map};
use crate::report::write_drawing;
use crate::{ReportError, terminal};

/// Draws the matrix as `folder/name.svg` and `folder/name.png`; the folder is
/// made if it is missing.
///
/// ```
/// use layerprobe_reports::{HeatMap, HeatMapName, write_heat_map};
///
/// let name = |layer: &str| HeatMapName { group: "shape".into(), name: layer.into() };
/// let map = HeatMap {
///     title: "RSA".into(),
///     rows: vec![name("conv1"), name("fc1")],
///     columns: vec![name("conv1"), name("fc1")],
///     values: vec![vec![Some(1.0), Some(0.3)], vec![Some(0.3), Some(1.0)]],
///     ..HeatMap::default()
/// };
/// let dir = tempfile::tempdir()?;
/// let [svg, png] = write_heat_map(&map, dir.path(), "rsa")?;
/// assert!(svg.exists() && png.ends_with("rsa.png"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the figure cannot be drawn or written.
pub fn write_heat_map(
    map: &HeatMap,
    folder: &Path,
    name: &str,
) -> Result<[PathBuf; 2], ReportError> {
    fs::create_dir_all(folder).map_err(ReportError::write(folder))?;
    Ok(write_drawing(&draw_heat_map(map), folder, name)?.1)
}

/// A table of at most `width` columns for the terminal: a line for each pair of
/// networks, a column for each layer that both have, and the value of that layer
/// in both. Networks without a layer in common are left out, and so is a network
/// that is exactly like itself; with more layers than fit, the first and the last
/// are shown, and of more than 40 pairs the first. Without any layer in common,
/// and of one network alone, each pair of layers has a line.
///
/// ```
/// use layerprobe_reports::{HeatMap, HeatMapName, heat_map_table};
///
/// let name = |group: &str| HeatMapName { group: group.into(), name: "fc1".into() };
/// let map = HeatMap {
///     rows: vec![name("shape"), name("color")],
///     columns: vec![name("shape"), name("color")],
///     values: vec![vec![None, Some(0.25)], vec![Some(0.25), Some(0.5)]],
///     ..HeatMap::default()
/// };
/// assert_eq!(heat_map_table(&map, 60), "\
/// same layer of          fc1
/// shape   color         0.25
/// color   color         0.50
/// ");
/// ```
pub fn heat_map_table(map: &HeatMap, width: usize) -> String {
    let mut layers: Vec<&str> = Vec::new();
    for row in &map.rows {
        let shared = map.columns.iter().any(|column| column.name == row.name);
        if shared && !layers.contains(&row.name.as_str()) {
            layers.push(&row.name);
        }
    }
    if layers.is_empty() {
        return list(map);
    }
    let groups = |names: &[HeatMapName]| {
        let longest = names.iter().map(|name| name.group.chars().count()).max();
        longest.unwrap_or_default().min(width / 4).max(6)
    };
    let (first, second) = (groups(&map.rows), groups(&map.columns));
    let room = width.saturating_sub(first + second + 4) / COLUMN;
    if layers.len() > room {
        let last = layers.split_off(layers.len() - 1);
        layers.truncate(room.saturating_sub(1));
        layers.extend(last);
    }
    let number = |text: &str| format!("{:>COLUMN$}", terminal::cut(text, COLUMN - 1));
    let heading: String = layers.iter().map(|layer| number(layer)).collect();
    let mut text = format!("{:<1$}{heading}\n", "same layer of", first + second + 4);
    let (mut lines, mut more) = (0, 0);
    for (a, b) in pairs_of_groups(map) {
        let values: Vec<Option<f64>> = layers
            .iter()
            .map(|layer| {
                let at = |names: &[HeatMapName], group: &str| {
                    names
                        .iter()
                        .position(|name| name.group == group && name.name == *layer)
                };
                map.value(at(&map.rows, a)?, at(&map.columns, b)?)
            })
            .collect();
        let itself = a == b && values.iter().flatten().all(|value| *value == 1.0);
        if itself || values.iter().all(Option::is_none) {
            continue;
        }
        lines += 1;
        if lines > LINES {
            more += 1;
        } else {
            let (a, b) = (terminal::cut(a, first), terminal::cut(b, second));
            let values: String = values
                .iter()
                .map(|value| number(&value.map_or("-".to_owned(), |value| format!("{value:.2}"))))
                .collect();
            text.push_str(&format!("{a:<first$}  {b:<second$}  {values}\n"));
        }
    }
    if lines == 0 {
        return list(map);
    }
    if more > 0 {
        text.push_str(&format!("({more} more pairs of networks were compared)\n"));
    }
    text
}

/// A line for each value.
fn list(map: &HeatMap) -> String {
    let mut text = String::new();
    let mut values = Vec::new();
    // of one list with itself, each pair once
    let one_list = map.rows == map.columns;
    for (i, a) in map.rows.iter().enumerate() {
        let from = if one_list { i + 1 } else { 0 };
        for (j, b) in map.columns.iter().enumerate().skip(from) {
            values.extend(map.value(i, j).map(|value| (a, b, value)));
        }
    }
    let said = |name: &HeatMapName| {
        let [group, own] = [&name.group, &name.name].map(|name| terminal::cut(name, 30));
        match group == own {
            true => own,
            false => format!("{group}, {own}"),
        }
    };
    for (a, b, value) in values.iter().take(LINES) {
        text.push_str(&format!("{} and {}: {value:.2}\n", said(a), said(b)));
    }
    let more = values.len().saturating_sub(LINES);
    if more > 0 {
        text.push_str(&format!("({more} more pairs of layers were compared)\n"));
    }
    text
}

/// Lines of the table at most.
const LINES: usize = 40;

/// Columns of the terminal that a number takes.
const COLUMN: usize = 10;

/// Each pair of networks once, whichever way round it comes first.
fn pairs_of_groups(map: &HeatMap) -> Vec<(&str, &str)> {
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for row in &map.rows {
        for column in &map.columns {
            let (a, b) = (row.group.as_str(), column.group.as_str());
            if !pairs.contains(&(a, b)) && !pairs.contains(&(b, a)) {
                pairs.push((a, b));
            }
        }
    }
    pairs
}
