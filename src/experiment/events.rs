/// What an experiment is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Rendering stimuli.
    Render,
    /// Training networks.
    Train,
    /// Reading activations and fitting probes.
    Probe,
    /// Training the paper's decoders.
    Paper,
    /// Drawing figures and the page.
    Report,
    /// Reading activations into a file.
    Extract,
    /// Comparing layers with each other.
    Compare,
}

impl Stage {
    /// The stage's name in the manifest and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Render => "render",
            Self::Train => "train",
            Self::Probe => "probe",
            Self::Paper => "paper",
            Self::Report => "report",
            Self::Extract => "extract",
            Self::Compare => "compare",
        }
    }

    /// What its part of a log lies in, while it is entered.
    pub(crate) fn span(self) -> tracing::Span {
        tracing::info_span!("stage", stage = self.name())
    }

    /// What its progress counts.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Render => "stimuli",
            Self::Train => "steps",
            Self::Probe => "layers",
            Self::Paper => "dimension-epochs",
            Self::Report => "files",
            Self::Extract => "images",
            Self::Compare => "pairs",
        }
    }

    /// Whether its unit says little to a reader, who is shown how much of the whole
    /// is done instead.
    pub fn is_shown_in_percent(self) -> bool {
        self == Self::Paper
    }
}

/// Something that happened on the way.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// Something the user should know before or after the work.
    Note(&'a str),
    /// Something that may be wrong.
    Warning(&'a str),
    /// A stage begins.
    Started {
        /// Which.
        stage: Stage,
        /// How much there is to do, in the stage's unit.
        total: u64,
        /// How much of it an earlier run has done.
        done: u64,
    },
    /// A stage has come this far.
    Advanced {
        /// Which.
        stage: Stage,
        /// How much is done, in the stage's unit.
        done: u64,
        /// What is in hand.
        detail: &'a str,
    },
    /// A stage is complete.
    Finished {
        /// Which.
        stage: Stage,
        /// Seconds it took in this run of the program.
        seconds: f64,
    },
}

/// Is told what happens: progress bars, JSON lines, or nothing.
pub trait Observer: Sync {
    /// Takes note of one event.
    fn event(&self, event: Event<'_>);
}

/// Lets everything pass unseen.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _: Event<'_>) {}
}
