use std::collections::BTreeMap;

use super::answer::{Answer, Verdict};
use super::page::counts;

/// The verdicts as a table for the terminal: one line a claim, with how many of
/// its parts could be decided, whether they hold or not, then how many claims got which
/// verdict, and which verdicts change with another choice.
pub fn claims_table(answers: &[Answer], width: usize) -> String {
    let id = answers
        .iter()
        .map(|a| a.id.chars().count())
        .max()
        .unwrap_or(0)
        .max(5);
    let mut text = format!("{:<id$}  {:<14}  decided  says\n", "claim", "verdict");
    for answer in answers {
        let decided = answer
            .parts
            .iter()
            .filter(|part| part.outcome.because().is_none());
        let head = format!("{:<id$}  {:<14}  ", answer.id, answer.verdict.to_string());
        let room = width.saturating_sub(head.chars().count() + 9);
        text += &format!(
            "{head}{:>4}/{:<2}  {}\n",
            decided.count(),
            answer.parts.len(),
            shortened(&answer.says, room.max(20)),
        );
    }
    text + &counts(answers) + "\n" + &other_choices(answers)
}

/// Of each other choice, which verdicts it changes: of decoders that were chosen on what
/// they are tested on, then of variations and measures.
fn other_choices(answers: &[Answer]) -> String {
    // a claim that is not decided has no verdict that could change
    let answers = answers.iter().filter(|a| a.verdict != Verdict::NotRun);
    let by_bounds = answers.clone();
    let by_bounds: Vec<(&Answer, Verdict)> = by_bounds
        .filter_map(|answer| Some((answer, answer.verdict_by_upper_bounds?)))
        .collect();
    let by_bounds = (!by_bounds.is_empty()).then_some((
        "decoders chosen on the tested stimuli, as in the paper",
        by_bounds,
    ));
    let mut verdicts: BTreeMap<&str, Vec<(&Answer, Verdict)>> = BTreeMap::new();
    for answer in answers {
        for varied in &answer.varied {
            let of_it = verdicts.entry(&varied.by).or_default();
            of_it.push((answer, varied.verdict));
        }
    }
    let line = |(by, verdicts): (&str, Vec<(&Answer, Verdict)>)| {
        let other = verdicts
            .iter()
            .filter(|(answer, by_it)| answer.verdict != *by_it);
        let other: Vec<String> = other
            .map(|(answer, by_it)| format!("{} ({by_it})", answer.id))
            .collect();
        let count = format!("{} of {} verdicts change", other.len(), verdicts.len());
        match other.is_empty() {
            true => format!("By {by}: {count}.\n"),
            false => format!("By {by}: {count}: {}.\n", other.join(", ")),
        }
    };
    by_bounds.into_iter().chain(verdicts).map(line).collect()
}

/// As much of a text as fits, with a sign that it goes on.
fn shortened(text: &str, width: usize) -> String {
    match text.chars().count() > width {
        true => text
            .chars()
            .take(width.saturating_sub(1))
            .chain(['…'])
            .collect(),
        false => text.to_owned(),
    }
}
