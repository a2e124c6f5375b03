//! Stimuli as folders of files, and contact sheets.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use layerprobe_generators::files::{self, SplitVersion};
use layerprobe_generators::splits::{HoldOuts, Split};
use layerprobe_generators::{GeneratorError, NavonParams, StimulusSet, TrifeatureParams, sheet};
use layerprobe_streams::StreamKey;

const PARAMS: TrifeatureParams = TrifeatureParams {
    image_size: 32,
    object_size: 20,
    texture_period: 6,
    exemplars: 2,
};

fn set() -> impl StimulusSet {
    PARAMS.check(StreamKey::from_seed(5)).unwrap()
}

fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap().display().to_string();
                files.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    files
}

/// The records of a table, the header first.
fn records(table: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(table);
    let records = reader.records().map(|record| record.unwrap());
    records
        .map(|record| record.iter().map(str::to_owned).collect())
        .collect()
}

fn write_all(dir: &Path, threads: usize) -> (Vec<usize>, usize) {
    let set = set();
    let stimuli: Vec<usize> = (0..set.len()).step_by(41).collect();
    let key = StreamKey::from_seed(6);
    let hold_outs = HoldOuts::draw(set.features(), 3, 2, None, key).unwrap();
    let split = Split::of(&set, &hold_outs).unwrap();
    let version = SplitVersion {
        version: 2,
        hold_outs: &hold_outs,
        split: &split,
    };
    let steps = AtomicUsize::new(0);
    let progress = || {
        steps.fetch_add(1, Ordering::Relaxed);
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(|| {
        files::write(&set, &stimuli, &[version], dir, &progress).unwrap();
        files::write_twins(&set, &stimuli, 2, dir, &progress).unwrap();
    });
    (stimuli, steps.into_inner())
}

#[test]
fn a_folder_has_the_same_bytes_on_any_number_of_threads() {
    let (one, three) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (stimuli, steps) = write_all(one.path(), 1);
    write_all(three.path(), 3);
    let files = contents(one.path());
    assert_eq!(files, contents(three.path()));
    assert_eq!(steps, 2 * stimuli.len());
    assert_eq!(files.len(), 2 * stimuli.len() + 4);
    assert!(files.keys().all(|name| !name.ends_with(".partial")));
}

#[test]
fn images_and_labels_say_what_the_set_says() {
    let dir = tempfile::tempdir().unwrap();
    let (stimuli, _) = write_all(dir.path(), 2);
    let set = set();
    let labels = records(&std::fs::read(dir.path().join("labels.csv")).unwrap());
    assert_eq!(
        labels[0].join(","),
        "file,index,combination,exemplar,shape,texture,color,\
         x,y,shape_angle,texture_angle,phase_x,phase_y"
    );
    assert_eq!(labels.len(), 1 + stimuli.len());
    let mut rgb = vec![0; 3 * 32 * 32];
    for (row, &index) in labels[1..].iter().zip(&stimuli) {
        set.render_into(index, &mut rgb);
        let image = image::open(dir.path().join(&row[0])).unwrap().into_rgb8();
        assert_eq!(image.as_raw(), &rgb);
        assert_eq!(
            row[0],
            format!("images/{}_{}_{}_{}.png", row[4], row[5], row[6], row[3])
        );
        assert_eq!(row[1], index.to_string());
        assert_eq!(row[2], set.combination(index).to_string());
        let properties: Vec<f64> = row[7..]
            .iter()
            .map(|value| value.parse().unwrap())
            .collect();
        assert_eq!(properties, set.property_values(index));
    }
}

#[test]
fn twins_say_from_what_to_what() {
    let dir = tempfile::tempdir().unwrap();
    let (stimuli, _) = write_all(dir.path(), 2);
    let set = set();
    let twins = records(&std::fs::read(dir.path().join("twins/color.csv")).unwrap());
    assert_eq!(twins[0].join(","), "file,twin_of,feature,from,to");
    let mut rgb = vec![0; 3 * 32 * 32];
    for (row, &index) in twins[1..].iter().zip(&stimuli) {
        let colors = &set.features()[2].values;
        let to = colors.iter().position(|color| *color == row[4]).unwrap();
        set.render_twin_into(index, 2, to, &mut rgb);
        let image = image::open(dir.path().join(&row[0])).unwrap().into_rgb8();
        assert_eq!(image.as_raw(), &rgb);
        assert_eq!(row[1], format!("images/{}.png", set.stem(index)));
        assert_eq!(row[3], colors[set.labels(index)[2]]);
        assert_ne!(row[3], row[4]);
    }
    let unknown = files::write_twins(&set, &stimuli, 3, dir.path(), &|| ()).unwrap_err();
    assert!(
        unknown.to_string().contains("feature number 3"),
        "{unknown}"
    );
}

#[test]
fn split_files_list_every_stimulus_once() {
    let dir = tempfile::tempdir().unwrap();
    let (stimuli, _) = write_all(dir.path(), 2);
    let lists = records(&std::fs::read(dir.path().join("splits/version-2.csv")).unwrap());
    assert_eq!(
        lists[0].join(","),
        "file,train,validation_shape,validation_texture,validation_color,discarded"
    );
    assert_eq!(lists.len(), 1 + stimuli.len());
    let held = records(&std::fs::read(dir.path().join("splits/version-2-held-out.csv")).unwrap());
    assert_eq!(held[0], ["feature", "value"]);
    assert_eq!(held.len(), 1 + 9);
    for row in &lists[1..] {
        let stem = row[0].strip_prefix("images/").unwrap();
        let kept: Vec<bool> = ["shape", "texture", "color"]
            .iter()
            .zip(stem.split('_'))
            .map(|(feature, value)| !held.contains(&vec![(*feature).into(), value.into()]))
            .collect();
        let train = kept.iter().all(|&kept| kept);
        let expected = [
            train,
            kept[0] && !train,
            kept[1] && !train,
            kept[2] && !train,
            kept.iter().all(|&kept| !kept),
        ];
        let listed: Vec<bool> = row[1..].iter().map(|flag| flag == "1").collect();
        assert_eq!(listed, expected, "{row:?}");
    }
}

#[test]
fn a_file_in_the_way_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let taken = dir.path().join("taken");
    std::fs::write(&taken, "a file").unwrap();
    let error = files::write(&set(), &[0], &[], &taken, &|| ()).unwrap_err();
    assert!(matches!(error, GeneratorError::Write { .. }));
    assert!(error.to_string().contains("taken"), "{error}");
}

/// Black letters at the bottom of each band, an object in each tile.
#[test]
fn contact_sheets_show_every_value_at_any_size() {
    let key = StreamKey::from_seed(0);
    for (image_size, object_size) in [(23, 16), (64, 40), (300, 200)] {
        let params = TrifeatureParams {
            image_size,
            object_size,
            texture_period: 5,
            exemplars: 1,
        };
        let sheet = sheet::draw(&params.check(key).unwrap()).unwrap();
        let grounds = sheet.pixels().filter(|pixel| pixel.0 == [128; 3]).count();
        assert!(grounds > sheet.pixels().len() / 4, "{grounds}");
        for color in [[255, 0, 0], [255, 153, 0], [0, 0, 0]] {
            assert!(sheet.pixels().any(|pixel| pixel.0 == color), "{color:?}");
        }
    }
    let params = NavonParams {
        image_size: 128,
        large_size: 114,
        ..NavonParams::default()
    };
    let sheet = sheet::draw(&params.check(key).unwrap()).unwrap();
    assert!(sheet.width() > 13 * 128 && sheet.height() > 8 * 128);
    assert_eq!(sheet, sheet::draw(&params.check(key).unwrap()).unwrap());
}
