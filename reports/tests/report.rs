//! The page and its figures: complete, escaped, the same each time, and
//! there for any input.
#![allow(clippy::unwrap_used)]

mod synthetic;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use layerprobe_reports::{
    ConfusionRow, Fact, ReportError, ReportFiles, ReportInput, ResultRow, Sheet, TrainingCurve,
    TrainingPoint, ValueRow, write_report,
};
use proptest::prelude::*;
use synthetic::{Plan, names};

fn report(input: &ReportInput) -> (tempfile::TempDir, ReportFiles, String) {
    let dir = tempfile::tempdir().unwrap();
    let files = write_report(input, dir.path()).unwrap();
    let html = fs::read_to_string(&files.index).unwrap();
    (dir, files, html)
}

/// Every file under a folder with its bytes.
fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.insert(path.display().to_string(), fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let input = Plan::default().input();
    let dir = tempfile::tempdir().unwrap();
    let first = write_report(&input, dir.path()).unwrap();
    let bytes = contents(dir.path());
    assert_eq!(bytes.len(), 1 + first.figures.len());
    assert_eq!(write_report(&input, dir.path()).unwrap(), first);
    assert_eq!(contents(dir.path()), bytes);
}

#[test]
fn every_section_is_there_and_linked() {
    let (_dir, _, html) = report(&Plan::default().input());
    for id in [
        "found",
        "figures",
        "tables",
        "protocol",
        "stimuli",
        "training",
        "repeat",
        "provenance",
    ] {
        assert!(html.contains(&format!("<section id=\"{id}\">")), "{id}");
        assert!(html.contains(&format!("<li><a href=\"#{id}\">")), "{id}");
    }
    assert!(html.contains("image_size = 64"));
    assert!(html.contains("layerprobe run config.toml"));
    assert!(html.contains("A gradient in the place of stimuli."));
}

#[test]
fn the_page_needs_nothing_else() {
    let (_dir, _, html) = report(&Plan::default().input());
    assert_eq!(html.matches("@font-face").count(), 1);
    for outside in ["src=\"http", "href=\"http", "url(http", "<script", "<link"] {
        assert!(!html.contains(outside), "{outside}");
    }
}

#[test]
fn one_run_is_said_first() {
    let (_dir, _, html) = report(&Plan::default().input());
    let caution = html.find("they prove nothing").unwrap();
    assert!(caution < html.find("class=\"facts\"").unwrap());

    let five = Plan {
        splits: 5,
        ..Plan::default()
    };
    let (_dir, _, html) = report(&five.input());
    assert!(!html.contains("they prove nothing"));
    assert!(html.contains("mean of n = 5 runs"));
    assert!(html.contains("interval over runs"));
}

#[test]
fn names_are_text_and_never_markup() {
    let wicked = "<script>alert(\"1\")</script>&'";
    let plan = Plan {
        dataset: wicked.into(),
        layers: names([wicked, "fc1"]),
        features: names([wicked]),
        targets: names([wicked]),
        ..Plan::default()
    };
    let mut input = plan.input();
    input.facts.push(Fact::new(wicked, wicked));
    input.cautions.push(wicked.into());
    input.config_toml = wicked.into();
    input.command = wicked.into();
    let (_dir, files, html) = report(&input);
    assert!(!html.contains("<script"));
    assert!(html.contains("&lt;script&gt;") || html.contains("&#60;script&#62;"));
    for figure in files
        .figures
        .iter()
        .filter(|f| f.extension().is_some_and(|e| e == "svg"))
    {
        assert!(!fs::read_to_string(figure).unwrap().contains("<script"));
    }
}

#[test]
fn figures_carry_their_font_and_are_not_blank() {
    let (_dir, files, _) = report(&Plan::default().input());
    assert_eq!(files.figures.len(), 8);
    for path in &files.figures {
        let bytes = fs::read(path).unwrap();
        if path.extension().is_some_and(|e| e == "svg") {
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
            assert!(text.trim_end().ends_with("</svg>"));
            assert_eq!(text.matches("@font-face").count(), 1);
            assert!(text.matches("<text").count() > 10);
        } else {
            let image = image::load_from_memory(&bytes).unwrap().to_rgb8();
            assert_eq!(image.width(), 1440);
            let inked = image.pixels().filter(|p| p.0 != [255, 255, 255]).count();
            let share = inked as f64 / (image.width() * image.height()) as f64;
            assert!((0.01..0.5).contains(&share), "{}: {share}", path.display());
        }
    }
}

#[test]
fn probes_without_proof_are_counted_and_marked() {
    let plan = Plan {
        unconverged: 50,
        ..Plan::default()
    };
    let rows = plan.rows();
    let failed = rows.iter().filter(|row| row.is_unconverged()).count();
    let (_dir, files, html) = report(&plan.input());
    let warning = format!("{failed} of 360 probes have no proof of convergence");
    assert!(
        files.warnings.iter().any(|w| w.starts_with(&warning)),
        "{:?}",
        files.warnings
    );
    assert!(html.contains(&warning));
    assert!(html.contains("probe did not converge"));

    let (_dir, files, html) = report(&Plan::default().input());
    assert_eq!(files.warnings, Vec::<String>::new());
    assert!(!html.contains('\u{2020}'));
}

#[test]
fn probes_without_an_optimum_are_told_apart() {
    let mut input = Plan::default().input();
    let accuracies = input.rows.iter_mut().filter(|row| row.metric == "accuracy");
    for row in accuracies.take(2) {
        row.status = "separable".into();
    }
    let (_dir, files, html) = report(&input);
    let starts = |text: &str| files.warnings.iter().any(|w| w.starts_with(text));
    assert!(
        starts("2 of 360 probes have no proof"),
        "{:?}",
        files.warnings
    );
    assert!(
        starts("2 of these have no optimum at all"),
        "{:?}",
        files.warnings
    );
    assert!(html.contains("status separable"));
}

#[test]
fn a_sheet_that_is_no_picture_is_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let input = ReportInput {
        sheets: vec![Sheet {
            caption: "all shapes".into(),
            png: b"GIF89a".to_vec(),
        }],
        ..ReportInput::default()
    };
    let error = write_report(&input, dir.path()).unwrap_err();
    assert!(matches!(error, ReportError::SheetNotPng { number: 1, .. }));
    assert!(error.to_string().contains("all shapes"));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn nothing_measured_still_gives_a_page() {
    let (_dir, files, html) = report(&ReportInput::default());
    assert!(files.figures.is_empty());
    assert!(html.contains("No decodability was measured."));
    assert_eq!(files.warnings.len(), 1);
}

#[test]
fn the_untrained_network_alone_gives_a_page() {
    let plan = Plan {
        steps: vec![0],
        features: names(["shape"]),
        ..Plan::default()
    };
    let input = ReportInput {
        training: Vec::new(),
        ..plan.input()
    };
    let (_dir, files, html) = report(&input);
    assert!(html.contains("Before training"));
    assert!(!html.contains("After training"));
    assert!(!html.contains("Trained minus untrained"));
    assert!(!html.contains("trained on"));
    let names: Vec<_> = files.figures.iter().filter_map(|f| f.file_name()).collect();
    // one moment makes no curve
    assert_eq!(
        names,
        [
            "untrained-against-trained.svg",
            "untrained-against-trained.png",
        ]
    );
}

#[test]
fn other_protocols_get_figures_and_tables_of_their_own() {
    let mut input = Plan::default().input();
    let seen = input.rows.iter().map(|row| ResultRow {
        split_kind: "seen_values".into(),
        ..row.clone()
    });
    let seen: Vec<ResultRow> = seen.collect();
    input.rows.extend(seen);
    let (_dir, files, html) = report(&input);
    assert_eq!(files.figures.len(), 14);
    assert!(html.contains("<h3>tested on seen_values</h3>"));
    let ids: Vec<&str> = html
        .split(" id=\"")
        .skip(1)
        .filter_map(|s| s.split('"').next())
        .collect();
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
}

#[test]
fn what_stands_around_the_number_is_shown_where_it_was_measured() {
    let mut input = Plan::default().input();
    let plain = report(&input).1;
    let at = |row: &ResultRow| row.layer == "fc1" && row.metric == "accuracy";
    let ends: Vec<ResultRow> = input
        .rows
        .iter()
        .filter(|row| at(row) && matches!(&*row.checkpoint_role, "initial" | "last"))
        .cloned()
        .collect();
    for row in &ends {
        for (metric, probe, value) in [
            ("v_information", "linear", 2.0),
            ("selectivity", "control", 0.5),
            ("compression", "linear", 3.0),
            ("p_value", "linear", 0.05),
            ("accuracy", "mlp64", 0.6),
            ("r2", "ridge", 0.3),
        ] {
            input.rows.push(ResultRow {
                metric: metric.into(),
                probe: probe.into(),
                value,
                ..row.clone()
            });
        }
        input.by_value.push(ValueRow {
            held_feature: "color".into(),
            held_value: "turquoise".into(),
            accuracy: 0.4,
            ..ValueRow::at(row)
        });
        input.confusions.push(ConfusionRow {
            label: "a-star".into(),
            predicted: "a-plus".into(),
            count: 3,
            ..ConfusionRow::at(row)
        });
    }
    let (_dir, files, html) = report(&input);
    let new: Vec<String> = files
        .figures
        .iter()
        .filter(|figure| {
            !plain
                .figures
                .iter()
                .any(|p| p.file_name() == figure.file_name())
        })
        .filter(|figure| figure.extension().is_some_and(|e| e == "svg"))
        .map(|figure| figure.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let expected = [
        "v-information",
        "selectivity",
        "compression",
        "nonlinear",
        "ridge",
        "accuracy-by-held-out-value",
        "confusions",
    ];
    assert_eq!(new, expected);
    for words in [
        "Permutation tests",
        "turquoise",
        "a-star",
        "bits a stimulus",
    ] {
        assert!(html.contains(words), "{words}");
    }
    assert!(html.contains("cannot tell (n = 1)"));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("taken");
    fs::write(&file, "").unwrap();
    let error = write_report(&ReportInput::default(), &file).unwrap_err();
    assert!(error.to_string().contains("taken"), "{error}");
}

prop_compose! {
    fn any_row()(
        condition in "[ab]",
        target in "[st]?",
        layer in "[lm]|<b>",
        feature in "[fg]",
        split in prop::option::of(0u32..2),
        step in prop::option::of(prop_oneof![Just(0u64), 1u64..1000, Just(u64::MAX)]),
        role in prop_oneof!["initial", "scheduled", "best_validation", "last", ""],
        metric in prop_oneof!["accuracy", "accuracy", "accuracy", "chance", "objective"],
        value in prop_oneof![0.0..1.0, Just(f64::NAN), Just(f64::MAX), Just(-1e300)],
        lower in prop::option::of(prop_oneof![0.0..1.0, Just(f64::INFINITY), Just(f64::MIN)]),
        upper in prop::option::of(0.0..1.0f64),
        n_runs in prop::option::of(any::<u64>()),
        epoch in prop::option::of(prop_oneof![0.0..9.0, Just(f64::NAN), Just(1e-300)]),
    ) -> ResultRow {
        ResultRow {
            condition, target, layer, feature, split, step, metric, value, lower, upper, n_runs,
            epoch,
            checkpoint_role: role,
            probe: "linear".into(),
            ..ResultRow::default()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_rows_give_a_page(
        rows in prop::collection::vec(any_row(), 0..40),
        points in prop::collection::vec(any::<(u64, f64, Option<f64>, Option<f64>)>(), 0..5),
    ) {
        let input = ReportInput {
            rows,
            training: vec![TrainingCurve {
                condition: "a".into(),
                target: "s".into(),
                points: points
                    .into_iter()
                    .map(|(step, epoch, loss, accuracy)| TrainingPoint {
                        step,
                        epoch,
                        loss,
                        train_accuracy: accuracy,
                        validation_accuracy: accuracy,
                    })
                    .collect(),
            }],
            ..ReportInput::default()
        };
        let (_dir, files, html) = report(&input);
        prop_assert!(html.ends_with("</html>\n") || html.ends_with("</html>"));
        prop_assert!(files.figures.iter().all(|figure| figure.exists()));
        let text = layerprobe_reports::terminal_table(&input, 80);
        prop_assert!(text.ends_with('\n'));
    }
}
