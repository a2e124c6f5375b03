//! Writes a report of made-up measurements, to look at its layout:
//! `cargo run -p layerprobe-reports --example demo -- OUT [quick|quick5|navon|deep]`

#[path = "../tests/synthetic/mod.rs"]
mod synthetic;

use std::path::Path;

use layerprobe_reports::{terminal_table, write_report};
use synthetic::{Plan, names};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments
        .next()
        .ok_or("usage: demo OUT [quick|quick5|navon|deep]")?;
    let plan = match arguments.next().as_deref() {
        None | Some("quick") => Plan::default(),
        Some("quick5") => Plan {
            splits: 5,
            unconverged: 97,
            ..Plan::default()
        },
        Some("navon") => Plan {
            dataset: "navon".into(),
            features: names(["shape", "texture"]),
            targets: names(["shape", "texture"]),
            classes: 23,
            splits: 3,
            ..Plan::default()
        },
        Some("deep") => Plan {
            layers: (1..=10)
                .map(|k| format!("encoder.stage{}.block{k}.output", (k + 2) / 3))
                .collect(),
            features: names(["shape"]),
            targets: names(["shape", "texture"]),
            steps: vec![0, 100, 2000, 45_000],
            ..Plan::default()
        },
        Some(other) => return Err(format!("no plan is named `{other}`").into()),
    };
    let input = plan.input();
    let files = write_report(&input, Path::new(&out))?;
    print!("{}", terminal_table(&input, 80));
    println!("\n{}", files.index.display());
    Ok(())
}
