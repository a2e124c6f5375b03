//! The decoders of several lanes side by side, for one product with the data.

use super::panel::Panel;

/// How decoders of so many classes each stand side by side.
pub(super) struct Abreast {
    classes: Vec<usize>,
    contrasts: bool,
}

impl Abreast {
    /// Decoders whose rows sum to 0, as the gradients of all do and those have
    /// that begin at 0: the last class of each is left out.
    pub fn contrasts(classes: impl IntoIterator<Item = usize>) -> Self {
        Self {
            classes: classes.into_iter().collect(),
            contrasts: true,
        }
    }

    /// Any decoders, those of other solvers, too: every class is there.
    pub fn whole(classes: impl IntoIterator<Item = usize>) -> Self {
        Self {
            classes: classes.into_iter().collect(),
            contrasts: false,
        }
    }

    /// One matrix of all, `rows` x columns.
    pub fn panel<'a>(&self, rows: usize, each: impl IntoIterator<Item = &'a [f64]>) -> Panel {
        let blocks: Vec<(&[f64], usize)> =
            each.into_iter().zip(self.classes.iter().copied()).collect();
        match self.contrasts {
            true => Panel::contrasts(rows, &blocks),
            false => Panel::beside(rows, &blocks),
        }
    }

    /// A value of each decoder, for each of its columns.
    pub fn spread(&self, values: impl IntoIterator<Item = f64>) -> Vec<f64> {
        values
            .into_iter()
            .zip(&self.classes)
            .flat_map(|(value, &classes)| vec![value; self.width(classes)])
            .collect()
    }

    /// Each decoder of a panel by itself, all classes; nothing of a panel
    /// without columns.
    pub fn apart(&self, panel: &Panel) -> Vec<Vec<f64>> {
        self.classes
            .iter()
            .scan(0, |next, &classes| {
                let start = *next;
                *next += self.width(classes);
                Some(match (panel.data.is_empty(), self.contrasts) {
                    (true, _) => Vec::new(),
                    (false, true) => panel.completed(start, classes),
                    (false, false) => panel.columns(start, classes),
                })
            })
            .collect()
    }

    fn width(&self, classes: usize) -> usize {
        match self.contrasts {
            true => classes - 1,
            false => classes,
        }
    }
}
