//! An option that there is not, where there is a setting of that name.

use std::ffi::OsString;

use clap::CommandFactory;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::arguments::Arguments;
use crate::config::{is_list, key_named};

/// Adds to the refusal of an option that is a setting how that is given.
pub fn advise(error: &mut clap::Error, arguments: &[OsString]) {
    if error.kind() != ErrorKind::UnknownArgument {
        return;
    }
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
        return;
    };
    let arguments: Vec<&str> = arguments.iter().filter_map(|a| a.to_str()).collect();
    if let Some(setting) = setting(option, &arguments) {
        let tip = StyledStr::from(format!("a setting is given so: {setting}"));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
}

/// The setting that an option was meant for, by the verb that it was given to.
fn setting(option: &str, arguments: &[&str]) -> Option<String> {
    let name = option.strip_prefix("--")?.replace('-', "_");
    let verbs = Arguments::command();
    let is_verb = |text: &&&str| {
        verbs
            .get_subcommands()
            .any(|verb| verb.get_name() == **text)
    };
    let verb = *arguments.iter().skip(1).find(is_verb)?;
    let presets: &[&str] = match verb {
        "run" | "render" => &["quick"],
        "binary" => &["binary-quick"],
        "plan" | "config" => &["quick", "binary-quick"],
        _ => return None,
    };
    let found = presets
        .iter()
        .find_map(|preset| Some((key_named(&name, preset)?, preset)));
    let (key, preset) = found?;
    if verb == "render" && !key.starts_with("stimuli.") {
        return None;
    }
    let value = value(option, arguments).unwrap_or("VALUE");
    Some(match is_list(&key, preset) {
        true => format!("--set '{key}=[{}]'", items(value)),
        false => format!("--set {key}={value}"),
    })
}

/// What stands between commas as the items of a list: numbers, or texts in quotes.
fn items(value: &str) -> String {
    let item = |item: &str| match item.parse::<f64>().is_ok() || item == "VALUE" {
        true => item.to_owned(),
        false => format!("\"{item}\""),
    };
    let bare = value.trim_matches(['[', ']']).split(',');
    let items: Vec<String> = bare
        .map(|text| item(text.trim().trim_matches('"')))
        .collect();
    items.join(", ")
}

/// What an option was given, after a `=` or as the next argument.
fn value<'a>(option: &str, arguments: &[&'a str]) -> Option<&'a str> {
    let is_it = |text: &&str| text.split('=').next() == Some(option);
    let place = arguments.iter().position(is_it)?;
    match arguments.get(place)?.split_once('=') {
        Some((_, value)) => Some(value),
        None => {
            let next = arguments.get(place + 1).copied();
            next.filter(|next| !next.starts_with("--"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_that_is_a_setting_is_found_by_its_verb() {
        let of = |line: &str| {
            let arguments: Vec<&str> = line.split(' ').collect();
            let option = arguments.iter().find(|text| text.starts_with("--"))?;
            setting(option.split('=').next()?, &arguments)
        };
        for (line, wanted) in [
            ("layerprobe run quick --epochs 3", Some("training.epochs=3")),
            (
                "layerprobe run quick --batch-size=8",
                Some("training.batch_size=8"),
            ),
            (
                "layerprobe binary binary-quick --runs",
                Some("training.runs=VALUE"),
            ),
            (
                "layerprobe plan binary-quick --runs 2",
                Some("training.runs=2"),
            ),
            (
                "layerprobe config show quick --arch --quiet",
                Some("network.arch=VALUE"),
            ),
            (
                "layerprobe render navon --image-size 64",
                Some("stimuli.image_size=64"),
            ),
            (
                "layerprobe run quick --layers fc1,pool4",
                Some("'probes.layers=[\"fc1\", \"pool4\"]'"),
            ),
            (
                "layerprobe run quick --versions 0",
                Some("'split.versions=[0]'"),
            ),
            ("layerprobe render navon --epochs 3", None),
            ("layerprobe run quick --runs 2", None),
            ("layerprobe sweep run quick --epochs 3", None),
            ("layerprobe --epochs 3", None),
        ] {
            let wanted = wanted.map(|setting| format!("--set {setting}"));
            assert_eq!(of(line), wanted, "{line}");
        }
    }
}
