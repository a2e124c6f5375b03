use super::{ImageStore, Normalization, TrainingError};

/// Labelled images: places in an [`ImageStore`] and their classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examples {
    indices: Vec<usize>,
    labels: Vec<u32>,
}

impl Examples {
    /// Image `indices[i]` has class `labels[i]`.
    ///
    /// # Errors
    /// If there is no example, not one label for each, a label not below
    /// `classes`, or an index that is no image's.
    pub fn new(
        store: &ImageStore,
        classes: usize,
        indices: Vec<usize>,
        labels: Vec<u32>,
    ) -> Result<Self, TrainingError> {
        if indices.is_empty() || indices.len() != labels.len() {
            return Err(TrainingError::Examples {
                indices: indices.len(),
                labels: labels.len(),
            });
        }
        if let Some(&index) = indices.iter().find(|index| **index >= store.len()) {
            return Err(TrainingError::Index {
                index,
                images: store.len(),
            });
        }
        if let Some(&label) = labels.iter().find(|label| **label as usize >= classes) {
            return Err(TrainingError::Label { label, classes });
        }
        Ok(Self { indices, labels })
    }

    /// Number of examples.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Never true: examples are checked on construction.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// Places in the store.
    pub fn indices(&self) -> &[usize] {
        &self.indices
    }

    /// Classes.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// The same examples in another order.
    pub(crate) fn ordered(&self, order: &[usize]) -> Self {
        Self {
            indices: order.iter().map(|&i| self.indices[i]).collect(),
            labels: order.iter().map(|&i| self.labels[i]).collect(),
        }
    }
}

/// What a network is trained on and watched with.
#[derive(Clone, Copy, Debug)]
pub struct TrainingData<'a> {
    /// All images.
    pub store: &'a ImageStore,
    /// How they are normalized; kept in each checkpoint.
    pub normalization: Normalization,
    /// What is trained on.
    pub train: &'a Examples,
    /// What accuracy is measured on at the end of each epoch, and the best
    /// checkpoint chosen by.
    pub validation: &'a Examples,
}
