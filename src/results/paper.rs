/// The name and version of the paper's protocol, written into every row of it.
pub const PAPER_PROTOCOL: &str = "paper/1";

/// What chose the paper's decoder, as `selected_by` says it: the accuracy, on the
/// very stimuli that it is reported of.
pub const PAPER_SELECTED_BY: &str = "tested_stimuli";
