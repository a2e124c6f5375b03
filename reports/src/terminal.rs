use crate::ReportInput;
use crate::evidence::{Estimate, Evidence, Family, gather};

/// The widest the name of a feature may be before it is cut.
const NAME_WIDTH: usize = 14;
/// More lines than this are not short: then the last layer stands alone.
const MAX_LINES: usize = 30;
/// The width that names and one target need at most.
const NARROWEST: usize = 72;
/// Columns a number takes, with its mark.
const NUMBER_WIDTH: usize = 9;

/// The short table at the end of a run: decodability by feature and layer,
/// untrained and after training on each target, with chance.
///
/// Plain text of at most `width` columns (or 72, if that is more), without color or
/// control characters. An asterisk marks a probe that did not converge. With
/// more than 30 lines to show, only the last layer is shown.
///
/// ```
/// use layerprobe_reports::{ReportInput, terminal_table};
///
/// let text = terminal_table(&ReportInput::default(), 80);
/// assert_eq!(text, "No decodability was measured.\n");
/// ```
pub fn terminal_table(input: &ReportInput, width: usize) -> String {
    let evidence = gather(input);
    if evidence.families.is_empty() {
        return "No decodability was measured.\n".to_owned();
    }
    let tables: Vec<String> = evidence
        .families
        .iter()
        .map(|family| family_table(family, &evidence, width.max(NARROWEST)))
        .collect();
    let mut text = tables.join("\n");
    if evidence.unconverged > 0 {
        text.push_str(&format!(
            "* {} of {} probes did not converge\n",
            evidence.unconverged, evidence.shown
        ));
    }
    text
}

fn family_table(family: &Family, evidence: &Evidence, width: usize) -> String {
    let mut text = String::from("Decodability (held-out accuracy of a linear probe)\n");
    text.push_str(&match family.n_range() {
        (_, 1) => "1 run for each target: it shows, but proves nothing\n".to_owned(),
        _ => format!("mean of {} for each target\n", family.n_words()),
    });
    if !family.label.is_empty() {
        text.push_str(&format!("{}\n", cut(&family.label, width)));
    }
    let all = family.layers.len() * family.features.len() <= MAX_LINES;
    let first = if all { 0 } else { family.layers.len() - 1 };
    let layers = family.layers.get(first..).unwrap_or_default();
    let columns = Columns::of(family, layers, width);
    let targets = match family.has_training() {
        true => &family.targets[..],
        false => &[],
    };
    for targets in columns.blocks(targets, width) {
        text.push('\n');
        text.push_str(&columns.header(targets));
        for feature in &family.features {
            for (place, layer) in layers.iter().enumerate() {
                let name = if place == 0 { feature.as_str() } else { "" };
                text.push_str(&columns.line(family, evidence, targets, name, feature, layer));
            }
        }
    }
    if !all {
        text.push_str(&format!(
            "({} layers measured; the last one is shown)\n",
            family.layers.len()
        ));
    }
    text
}

/// The widths of a table's columns.
struct Columns {
    feature: usize,
    layer: usize,
    number: usize,
}

impl Columns {
    /// As wide as the names need; the layers' are cut where up to three
    /// targets would not fit beside them.
    fn of(family: &Family, layers: &[String], width: usize) -> Self {
        let widest = |names: &[String], heading: &str| {
            let lengths = names.iter().map(|name| name.chars().count());
            lengths.fold(heading.len(), usize::max)
        };
        let feature = widest(&family.features, "feature").min(NAME_WIDTH);
        let number = widest(&family.targets, "").clamp(NUMBER_WIDTH, NAME_WIDTH);
        let numbers = 2 + family.targets.len().min(3);
        let room = width.saturating_sub(feature + 4 + numbers * (number + 1));
        Self {
            feature,
            layer: widest(layers, "layer").min(room.max(8)),
            number,
        }
    }

    /// The targets in groups that fit beside each other.
    fn blocks<'a>(&self, targets: &'a [String], width: usize) -> Vec<&'a [String]> {
        let fixed = self.feature + self.layer + 4 + 2 * (self.number + 1);
        let fit = width.saturating_sub(fixed) / (self.number + 1);
        if targets.is_empty() {
            vec![targets]
        } else {
            targets.chunks(fit.max(1)).collect()
        }
    }

    fn header(&self, targets: &[String]) -> String {
        let indent = self.feature + self.layer + 4 + self.number + 1;
        let mut text = String::new();
        if !targets.is_empty() {
            let over = targets.len() * (self.number + 1);
            text.push_str(&format!("{:indent$}{:>over$}\n", "", "-- trained on --"));
        }
        text.push_str(&self.names("feature", "layer"));
        text.push_str(&self.number("untrained"));
        for target in targets {
            text.push_str(&self.number(&cut(target, self.number)));
        }
        text.push_str(&self.number("chance"));
        ended(text)
    }

    fn line(
        &self,
        family: &Family,
        evidence: &Evidence,
        targets: &[String],
        name: &str,
        feature: &str,
        layer: &str,
    ) -> String {
        let mut text = self.names(&cut(name, self.feature), &cut(layer, self.layer));
        text.push_str(&self.number(&number(family.untrained(layer, feature))));
        for target in targets {
            text.push_str(&self.number(&number(family.trained(target, layer, feature))));
        }
        let chance = evidence.chances.of_feature(family, feature);
        let chance = chance.map_or_else(|| "- ".to_owned(), |value| format!("{value:.2} "));
        text.push_str(&self.number(&chance));
        ended(text)
    }

    fn names(&self, feature: &str, layer: &str) -> String {
        let (f, l) = (self.feature, self.layer);
        format!("{feature:<f$}  {layer:<l$}  ")
    }

    fn number(&self, text: &str) -> String {
        let width = self.number + 1;
        format!("{text:>width$}")
    }
}

/// Two decimals and a mark, or a dash for what was not measured.
fn number(estimate: Option<Estimate>) -> String {
    estimate.map_or_else(
        || "- ".to_owned(),
        |e| format!("{:.2}{}", e.mean, if e.is_marked() { '*' } else { ' ' }),
    )
}

fn ended(text: String) -> String {
    format!("{}\n", text.trim_end())
}

/// At most `width` characters, both ends kept, with a sign where some were
/// cut; none that a terminal would obey.
pub(crate) fn cut(text: &str, width: usize) -> String {
    let clean: Vec<char> = text
        .chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect();
    if clean.len() <= width {
        return clean.into_iter().collect();
    }
    let kept = width.saturating_sub(1);
    let (head, tail) = (kept.div_ceil(2), kept / 2);
    let tail = clean.iter().skip(clean.len() - tail);
    clean.iter().take(head).chain(&['~']).chain(tail).collect()
}
