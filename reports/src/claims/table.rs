use super::answer::Answer;
use super::page::counts;

/// The verdicts as a table for the terminal: one line a claim, with how many of
/// its parts could be decided, then how many claims got which verdict.
pub fn claims_table(answers: &[Answer], width: usize) -> String {
    let id = answers
        .iter()
        .map(|a| a.id.chars().count())
        .max()
        .unwrap_or(0)
        .max(5);
    let mut text = format!("{:<id$}  {:<14}  parts  says\n", "claim", "verdict");
    for answer in answers {
        let decided = answer
            .parts
            .iter()
            .filter(|part| part.outcome.because().is_none());
        let head = format!("{:<id$}  {:<14}  ", answer.id, answer.verdict.to_string());
        let room = width.saturating_sub(head.chars().count() + 8);
        text += &format!(
            "{head}{:>2}/{:<2}  {}\n",
            decided.count(),
            answer.parts.len(),
            shortened(&answer.says, room.max(20)),
        );
    }
    text + &counts(answers) + "\n"
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
