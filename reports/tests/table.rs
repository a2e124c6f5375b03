//! The results table: its columns, its bytes, and what bad files get.
#![allow(clippy::unwrap_used)]

use layerprobe_reports::{
    ConfusionRow, ReportError, ResultRow, ValueRow, read_by_value, read_confusions, read_results,
    write_by_value, write_confusions, write_results,
};
use proptest::prelude::*;

const HEADER: &str = "condition,dataset,arch,target,split,seed,step,epoch,layer,dim,feature,probe,\
protocol,metric,value,lower,upper,n_train,n_test,penalty,iterations,gradient_norm,status,\
correlated,predictivity,predictivity_effective,init_seed,order_seed,data_seed,checkpoint_role,\
split_kind,selected_by,interval_kind,n_clusters,n_runs,objective_gap,condition_b,step_b,layer_b,repeat,\
learning_rate,weight_decay,variant,view";

fn row() -> ResultRow {
    ResultRow {
        condition: "trifeature-shape-cnn4-v0-s0".into(),
        dataset: "trifeature".into(),
        arch: "cnn4".into(),
        target: "shape".into(),
        split: Some(0),
        seed: Some(u64::MAX),
        step: Some(540),
        epoch: Some(10.0),
        layer: "fc1".into(),
        dim: Some(128),
        feature: "color".into(),
        probe: "linear".into(),
        protocol: "clean-1".into(),
        metric: "accuracy".into(),
        value: 0.1 + 0.2,
        lower: Some(0.25),
        upper: Some(1.0 / 3.0),
        n_train: Some(3430),
        n_test: Some(3570),
        penalty: Some(1e-3),
        iterations: Some(41),
        gradient_norm: Some(1.5e-7),
        status: "converged".into(),
        view: "full".into(),
        ..ResultRow::default()
    }
}

fn written(rows: &[ResultRow]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("results.csv");
    write_results(&path, rows).unwrap();
    std::fs::read_to_string(path).unwrap()
}

fn read(text: &str) -> Result<Vec<ResultRow>, ReportError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("results.csv");
    std::fs::write(&path, text).unwrap();
    read_results(path)
}

fn refusal(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn the_header_is_the_documented_one() {
    assert_eq!(written(&[]), format!("{HEADER}\n"));
    assert_eq!(ResultRow::COLUMNS.join(","), HEADER);
}

#[test]
fn a_row_is_written_in_the_order_of_the_header() {
    let expected = "trifeature-shape-cnn4-v0-s0,trifeature,cnn4,shape,0,18446744073709551615,540,\
                    10.0,fc1,128,color,linear,clean-1,accuracy,0.30000000000000004,0.25,\
                    0.3333333333333333,3430,3570,0.001,41,1.5e-7,converged,,,,,,,,,,,,,,,,,,,,,full";
    assert_eq!(written(&[row()]).lines().nth(1), Some(expected));
}

#[test]
fn names_with_commas_quotes_and_lines_come_back() {
    let rows = vec![ResultRow {
        layer: "a \"b\", c\nd\r".into(),
        ..row()
    }];
    assert_eq!(read(&written(&rows)).unwrap(), rows);
}

#[test]
fn rows_serialize_under_the_names_of_their_columns() {
    let json = serde_json::to_value(row()).unwrap();
    let object = json.as_object().unwrap();
    assert_eq!(object.len(), ResultRow::COLUMNS.len());
    assert!(
        ResultRow::COLUMNS
            .iter()
            .all(|name| object.contains_key(*name))
    );
    assert_eq!(serde_json::from_value::<ResultRow>(json).unwrap(), row());
}

#[test]
fn columns_may_stand_in_another_order() {
    let mut lines = written(&[row()])
        .lines()
        .map(|line| line.split(',').rev().collect::<Vec<_>>().join(","))
        .collect::<Vec<_>>();
    lines.push(String::new());
    assert_eq!(read(&lines.join("\n")).unwrap(), [row()]);
}

#[test]
fn an_unknown_column_is_named() {
    let message = refusal(&format!("{HEADER},colour\n"));
    assert!(
        message.contains("unknown column `colour` (number 45)"),
        "{message}"
    );
    assert!(message.contains("results.csv"), "{message}");
}

#[test]
fn a_missing_column_is_named() {
    let message = refusal(&HEADER.replace(",penalty", ""));
    assert!(message.contains("column `penalty` is missing"), "{message}");
    let message = refusal("");
    assert!(
        message.contains("column `condition` is missing"),
        "{message}"
    );
}

#[test]
fn a_table_of_an_earlier_version_lacks_the_columns_added_since() {
    let mut text = written(&[row()]);
    for ends_with in [
        ",variant",
        ",weight_decay",
        ",learning_rate",
        ",repeat",
        ",layer_b",
    ] {
        let older = |line: &str| line.rsplit_once(',').unwrap().0.to_owned();
        let lines: Vec<String> = text.lines().map(older).collect();
        assert!(lines[0].ends_with(ends_with));
        text = lines.join("\n");
        assert_eq!(read(&text).unwrap(), [row()]);
    }
}

#[test]
fn by_value_and_confusion_tables_of_earlier_versions_lack_status_then_view() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("old.csv");
    let drop_last_column = |name: &str| {
        let text = std::fs::read_to_string(&path).unwrap();
        let cut = text.lines().map(|line| line.rsplit_once(',').unwrap().0);
        let lines: Vec<&str> = cut.collect();
        assert!(!lines[0].contains(name));
        std::fs::write(&path, lines.join("\n")).unwrap();
    };
    let by_value = [ValueRow {
        accuracy: 0.5,
        view: "full".into(),
        ..ValueRow::default()
    }];
    write_by_value(&path, &by_value).unwrap();
    for name in ["status", "view"] {
        drop_last_column(name);
        assert_eq!(read_by_value(&path).unwrap(), by_value);
    }
    let confusions = [ConfusionRow {
        view: "full".into(),
        ..ConfusionRow::default()
    }];
    write_confusions(&path, &confusions).unwrap();
    for name in ["status", "view"] {
        drop_last_column(name);
        assert_eq!(read_confusions(&path).unwrap(), confusions);
    }
}

#[test]
fn a_column_that_occurs_twice_is_named() {
    let message = refusal(&format!("{HEADER},layer\n"));
    assert!(message.contains("column `layer` occurs twice"), "{message}");
}

#[test]
fn a_bad_number_is_named_with_line_and_column() {
    let text = written(&[row(), row()]);
    let (head, last) = text.trim_end().rsplit_once('\n').unwrap();
    let message = refusal(&format!("{head}\n{}\n", last.replace(",540,", ",5.4,")));
    assert!(
        message.contains("line 3, column `step`: `5.4` is not a whole number"),
        "{message}"
    );
    let message = refusal(&format!(
        "{head}\n{}\n",
        last.replace(",0.30000000000000004,", ",,")
    ));
    assert!(
        message.contains("line 3, column `value`: `` is not a number"),
        "{message}"
    );
}

#[test]
fn a_short_row_is_named_with_its_line() {
    let message = refusal(&format!("{HEADER}\na,b,c\n"));
    assert!(
        message.contains("line 2: 3 fields, the header has 44"),
        "{message}"
    );
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("results.csv");
    let mut bytes = written(&[row()]).into_bytes();
    let last = bytes.len() - 60;
    bytes[last] = 0xff;
    std::fs::write(&path, bytes).unwrap();
    let message = read_results(&path).unwrap_err().to_string();
    assert!(message.contains("line 2: not a CSV table"), "{message}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let message = read_results("/nowhere/results.csv")
        .unwrap_err()
        .to_string();
    assert!(message.contains("/nowhere/results.csv"), "{message}");
}

#[test]
fn numbers_that_are_none_are_refused_where_they_would_mislead() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("results.csv");
    let wrong = ResultRow {
        upper: Some(f64::NAN),
        ..row()
    };
    let message = write_results(&path, &[row(), wrong])
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("row 2") && message.contains("upper is NaN"),
        "{message}"
    );
    assert!(!path.exists());

    let diverged = ResultRow {
        gradient_norm: Some(f64::INFINITY),
        ..row()
    };
    write_results(&path, std::slice::from_ref(&diverged)).unwrap();
    assert_eq!(read_results(&path).unwrap(), [diverged]);
}

#[test]
fn the_tables_beside_it_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("table.csv");
    let by_value = ValueRow {
        condition: "a".into(),
        feature: "shape".into(),
        held_feature: "color".into(),
        held_value: "red, or so".into(),
        accuracy: 1.0 / 3.0,
        lower: Some(0.25),
        n_test: Some(700),
        ..ValueRow::default()
    };
    write_by_value(&path, std::slice::from_ref(&by_value)).unwrap();
    assert_eq!(
        read_by_value(&path).unwrap(),
        std::slice::from_ref(&by_value)
    );
    // another table under this name is not mistaken for it
    let message = read_confusions(&path).unwrap_err().to_string();
    assert!(
        message.contains("unknown column `held_feature`"),
        "{message}"
    );

    let confusion = ConfusionRow {
        label: "red".into(),
        predicted: "\"orange\"".into(),
        count: u64::MAX,
        ..ConfusionRow::default()
    };
    write_confusions(&path, std::slice::from_ref(&confusion)).unwrap();
    assert_eq!(read_confusions(&path).unwrap(), [confusion]);

    let none = ValueRow {
        accuracy: f64::NAN,
        ..by_value
    };
    let message = write_by_value(&path, &[none]).unwrap_err().to_string();
    assert!(message.contains("accuracy is NaN"), "{message}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_rows_come_back(
        texts in prop::collection::vec(".*", 4),
        value in prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO,
        step in any::<Option<u64>>(),
        split in any::<Option<u32>>(),
    ) {
        let rows = vec![ResultRow {
            condition: texts[0].clone(),
            layer: texts[1].clone(),
            feature: texts[2].clone(),
            layer_b: texts[3].clone(),
            value,
            epoch: Some(-value),
            step,
            split,
            ..ResultRow::default()
        }];
        let text = written(&rows);
        prop_assert_eq!(read(&text).unwrap(), rows.clone());
        prop_assert_eq!(text, written(&rows));
    }

    #[test]
    fn any_file_is_read_or_refused(text in ".*", tail in ".*") {
        let _ = read(&text);
        let _ = read(&format!("{HEADER}\n{tail}"));
    }
}
