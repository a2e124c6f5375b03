//! What a configuration stands for: conditions, stimuli, streams, training
//! plans, and the protocol in words.

pub mod condition;
pub mod held_out;
pub mod identity;
pub mod images;
pub mod paper_protocol;
pub mod protocol;
pub mod protocol_words;
pub mod shown;
pub mod stimuli;
pub mod streams;
pub mod training_plan;
