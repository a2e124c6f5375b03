/// The view that is shown where only one can be: whole layers, or the first
/// that there is where none was probed whole.
pub(crate) fn shown_view<'a>(views: impl Iterator<Item = &'a str> + Clone) -> &'a str {
    let whole = |view: &&str| matches!(*view, "full" | "");
    let first = || views.clone().next();
    views.clone().find(whole).or_else(first).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_layers_go_first() {
        assert_eq!(shown_view(["gap", "full", "pca:2"].into_iter()), "full");
        assert_eq!(shown_view(["rp:3", "gap"].into_iter()), "rp:3");
        assert_eq!(shown_view(["gap", ""].into_iter()), "");
        assert_eq!(shown_view(std::iter::empty()), "");
    }
}
