use std::collections::BTreeSet;

/// The listed names in their order, then those that only the rows name in
/// the order they come; each once, none empty.
pub(crate) fn in_order<'a>(
    listed: &'a [String],
    found: impl IntoIterator<Item = &'a str>,
) -> Vec<String> {
    let mut seen = BTreeSet::new();
    listed
        .iter()
        .map(String::as_str)
        .chain(found)
        .filter(|name| !name.is_empty() && seen.insert(*name))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_names_come_first_and_each_once() {
        let listed = ["pool1".to_owned(), "fc1".to_owned(), "pool1".to_owned()];
        let names = in_order(&listed, ["fc1", "", "input", "input"]);
        assert_eq!(names, ["pool1", "fc1", "input"]);
    }
}
