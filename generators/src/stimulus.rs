/// A labelled property of a stimulus that takes one of a few values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// The feature's name, for example `shape`.
    pub name: &'static str,
    /// The names of its values; a label is an index into them.
    pub values: Vec<String>,
}

impl Feature {
    pub(crate) fn new<S: ToString>(
        name: &'static str,
        values: impl IntoIterator<Item = S>,
    ) -> Self {
        let values = values.into_iter().map(|value| value.to_string()).collect();
        Self { name, values }
    }
}

/// The features in words.
pub(crate) fn list(features: &[Feature]) -> String {
    let words: Vec<String> = features
        .iter()
        .map(|feature| format!("{} ({} values)", feature.name, feature.values.len()))
        .collect();
    words.join(", ")
}

/// A numbered set of stimuli: every combination of feature values, each in
/// several exemplars.
///
/// The order is combination-major: the exemplar changes fastest, then the
/// value of the last feature. A stimulus depends on the set's parameters, its
/// key and the index alone, so it is the same whoever asks for it, in whatever
/// order and on however many threads.
///
/// # Panics
/// Every method that takes an `index` panics if it is not below
/// [`len`](Self::len), and the rendering ones if the buffer does not hold
/// exactly `3 * image_size * image_size` bytes or a feature or value does not
/// exist: errors of the program, never of a configuration.
pub trait StimulusSet: Send + Sync {
    /// The dataset's name, `trifeature` or `navon`.
    fn dataset(&self) -> &'static str;

    /// Side of the square images in pixels.
    fn image_size(&self) -> usize;

    /// The features in the order of [`labels`](Self::labels).
    fn features(&self) -> &[Feature];

    /// How many exemplars each combination has.
    fn exemplars(&self) -> usize;

    /// How many combinations of values there are.
    fn combinations(&self) -> usize;

    /// How many stimuli there are.
    fn len(&self) -> usize {
        self.combinations() * self.exemplars()
    }

    /// Whether there is no stimulus; checked parameters never give that.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A value index for each feature.
    fn labels(&self, index: usize) -> Vec<usize>;

    /// The number of the stimulus's combination of values: the cluster it
    /// belongs to.
    fn combination(&self, index: usize) -> usize {
        assert_index(index, self.len());
        index / self.exemplars()
    }

    /// Which exemplar of its combination the stimulus is.
    fn exemplar(&self, index: usize) -> usize {
        assert_index(index, self.len());
        index % self.exemplars()
    }

    /// The index of the stimulus with these labels, if the set has it.
    fn index_of(&self, labels: &[usize], exemplar: usize) -> Option<usize>;

    /// Names of the continuous labels, in the order of
    /// [`property_values`](Self::property_values).
    fn properties(&self) -> &[&'static str];

    /// The continuous labels of a stimulus.
    ///
    /// Positions are in pixels from the top left corner of the image, angles
    /// in degrees counterclockwise, phases in repeats of the texture (of `noise` and
    /// `rain` in cells).
    fn property_values(&self, index: usize) -> Vec<f64>;

    /// After how much a property repeats, if it does: a texture moved by one
    /// phase is the same texture.
    fn property_period(&self, _property: &str) -> Option<f64> {
        None
    }

    /// The authors' naming `shape_texture_color_exemplar`, without extension.
    fn stem(&self, index: usize) -> String {
        let labels = self.labels(index);
        let mut stem = String::new();
        for (feature, &value) in self.features().iter().zip(&labels) {
            stem.push_str(&feature.values[value]);
            stem.push('_');
        }
        stem + &self.exemplar(index).to_string()
    }

    /// Draws a stimulus as 8-bit RGB, row by row.
    fn render_into(&self, index: usize, rgb: &mut [u8]);

    /// Draws the twin which differs from stimulus `index` in exactly the named
    /// feature: same position, angles, phase and noise.
    fn render_twin_into(&self, index: usize, feature: usize, value: usize, rgb: &mut [u8]);

    /// A value for the twin of stimulus `index`: uniform among the values that
    /// `feature` can take beside the others, less its own.
    fn twin_value(&self, index: usize, feature: usize) -> usize;

    /// Labels of a combination that shows off each feature when the value of
    /// that feature alone is changed; for contact sheets.
    fn plainest(&self) -> Vec<usize>;
}

pub(crate) fn assert_index(index: usize, len: usize) {
    assert!(
        index < len,
        "stimulus {index} does not exist: the set has {len}"
    );
}

pub(crate) fn assert_buffer(rgb: &[u8], image_size: usize) {
    assert_eq!(
        rgb.len(),
        3 * image_size * image_size,
        "an image of {image_size} px takes 3 * {image_size} * {image_size} bytes"
    );
}
