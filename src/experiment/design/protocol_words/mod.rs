//! The protocol in words: everything that turns activations into a number.

mod around;
mod probes;
mod stimuli;
mod training;

use layerprobe_reports::ProtocolParagraph;

use super::paper_protocol;
use crate::config::{Config, Protocol};

/// The protocol of this configuration, a paragraph for each step.
pub fn in_words(config: &Config) -> Vec<ProtocolParagraph> {
    let paragraph = |heading: &str, text: String| ProtocolParagraph {
        heading: heading.to_owned(),
        text,
    };
    let mut paragraphs = vec![
        paragraph("Stimuli", stimuli::stimuli(config)),
        paragraph("Hold-outs", stimuli::hold_outs(config)),
        paragraph("Network and training", training::training(config)),
        paragraph("Checkpoints", training::checkpoints(config)),
    ];
    if config.probes.protocol.contains(&Protocol::Clean) {
        paragraphs.extend([
            paragraph("Activations", probes::activations(config)),
            paragraph("Probe", probes::probe(config)),
            paragraph(
                "Choice of the penalty, and the test",
                probes::choice(config),
            ),
            paragraph("Intervals and chance", probes::intervals(config)),
        ]);
        let around = around::around(config);
        paragraphs.extend(around.map(|text| paragraph("Around the number", text)));
    }
    let paper = paper_protocol::in_words(config);
    paragraphs.extend(paper.map(|text| paragraph("Protocol paper/1", text)));
    paragraphs
}
