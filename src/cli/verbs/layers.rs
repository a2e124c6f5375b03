use std::process::ExitCode;

use serde_json::json;

use crate::cli::arguments::{Layers, MessageFormat, Output, image_size};
use crate::cli::terminal;
use crate::cli::terminal::exit::Usage;
use crate::models::{Design, Layer};

/// Lists a network's layers: names, shapes, numbers, parameters.
pub fn layers(command: &Layers, output: &Output) -> anyhow::Result<ExitCode> {
    let size = image_size(command.arch, command.image_size);
    let layers = Design::new(command.arch, size, command.classes)
        .layers()
        .map_err(|error| Usage(error.to_string()))?;
    match output.message_format {
        MessageFormat::Json => {
            for layer in &layers {
                terminal::say(&json!({
                    "name": layer.name,
                    "aliases": layer.aliases,
                    "shape": layer.shape.dims(),
                    "dim": layer.shape.dim(),
                    "parameters": layer.parameters,
                }))?;
            }
        }
        MessageFormat::Human => {
            for line in table(&layers) {
                terminal::say(&line)?;
            }
            let total: usize = layers.iter().map(|layer| layer.parameters).sum();
            terminal::say(&format!(
                "\n{} for {size} x {size} images and {} classes: {total} parameters",
                command.arch, command.classes
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn table(layers: &[Layer]) -> Vec<String> {
    let heads = ["layer", "also", "shape", "dimensions", "parameters"].map(str::to_owned);
    let mut rows = vec![heads];
    rows.extend(layers.iter().map(|layer| {
        let dims = layer.shape.dims().into_iter().map(|n| n.to_string());
        [
            layer.name.clone(),
            layer.aliases.join(", "),
            dims.collect::<Vec<_>>().join(" x "),
            layer.shape.dim().to_string(),
            layer.parameters.to_string(),
        ]
    }));
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: [usize; 5] = std::array::from_fn(width);
    rows.iter()
        .map(|[name, also, shape, dim, parameters]| {
            format!(
                "{name:0$}  {also:1$}  {shape:>2$}  {dim:>3$}  {parameters:>4$}",
                widths[0], widths[1], widths[2], widths[3], widths[4]
            )
        })
        .collect()
}
