use layerprobe_streams::StreamKey;

use super::NavonParams;
use super::draws::{Placing, PlacingKeys};
use super::letters::{LETTERS, Letter, capitals, placed};
use crate::raster::{Coverage, Rotation};
use crate::stimulus::assert_buffer;
use crate::{Feature, GeneratorError, StimulusSet};

const PROPERTIES: [&str; 4] = ["x", "y", "shape_angle", "texture_angle"];
/// Positions of each combination, one at each radius.
const EXEMPLARS: usize = 5;
/// The other letters a letter can be made of.
const OTHERS: usize = LETTERS - 1;

/// The Navon stimuli: a large letter (`shape`) made of small ones (`texture`),
/// black on white (Hermann & Lampinen 2020, section 3, and the authors'
/// script).
///
/// All ordered pairs of two different capitals, at five distances from the
/// image's middle: 8, 16, 24, 32 and 40 px of 224, in a uniformly random
/// direction. Both letters are turned by up to 45 degrees to either side, the small
/// one on top of the large one's angle where its own is relative. The small letter
/// stands upright on a grid of whole pixels, wherever the grid's
/// point lies in the large letter and its cell in the image.
#[derive(Clone, Debug)]
pub struct Navon {
    params: NavonParams,
    features: Vec<Feature>,
    letters: Vec<Letter>,
    placing: PlacingKeys,
    twins: StreamKey,
}

impl Navon {
    pub(super) fn new(params: NavonParams, key: StreamKey) -> Result<Self, GeneratorError> {
        Ok(Self {
            params,
            features: vec![
                Feature::new("shape", capitals()),
                Feature::new("texture", capitals()),
            ],
            letters: Letter::all(&params)?,
            placing: PlacingKeys::new(key),
            twins: key.derive("twin"),
        })
    }

    /// The sizes it was made with.
    pub fn params(&self) -> NavonParams {
        self.params
    }

    fn values(&self, index: usize) -> [usize; 2] {
        let combination = self.combination(index);
        let (shape, other) = (combination / OTHERS, combination % OTHERS);
        [shape, other + usize::from(other >= shape)]
    }

    fn placing(&self, index: usize) -> Placing {
        self.placing
            .draw(index as u64, self.exemplar(index), &self.params)
    }

    fn render(&self, [shape, texture]: [usize; 2], placing: &Placing, rgb: &mut [u8]) {
        let size = self.params.image_size;
        assert_buffer(rgb, size);
        let large = Coverage::of(&placed(
            &self.letters[shape].large,
            Rotation::degrees(placing.shape_angle),
            placing.center,
        ));
        let Letter { small, step, .. } = &self.letters[texture];
        let small = Coverage::of(&placed(
            small,
            Rotation::degrees(placing.texture_angle),
            [*step as f64 / 2.0; 2],
        ));
        rgb.fill(u8::MAX);
        let corners = || (0..=size - step).step_by(*step).map(|corner| corner as i64);
        let middle = *step as i64 / 2;
        for y in corners() {
            for x in corners() {
                if large.at(x + middle, y + middle) >= 0.5 {
                    stamp(&small, [x, y], size, rgb);
                }
            }
        }
    }
}

/// Darkens the image where a letter moved by `shift` has ink.
fn stamp(letter: &Coverage, shift: [i64; 2], size: usize, rgb: &mut [u8]) {
    for (row, left, coverages) in letter.rows_shifted(shift, size) {
        let pixels = &mut rgb[3 * (row * size + left)..][..3 * coverages.len()];
        for (pixel, &coverage) in pixels.chunks_exact_mut(3).zip(coverages) {
            let grey = (255.0 * (1.0 - coverage) + 0.5) as u8;
            for channel in pixel {
                *channel = grey.min(*channel);
            }
        }
    }
}

impl StimulusSet for Navon {
    fn dataset(&self) -> &'static str {
        "navon"
    }

    fn image_size(&self) -> usize {
        self.params.image_size
    }

    fn features(&self) -> &[Feature] {
        &self.features
    }

    fn exemplars(&self) -> usize {
        EXEMPLARS
    }

    fn combinations(&self) -> usize {
        LETTERS * OTHERS
    }

    fn labels(&self, index: usize) -> Vec<usize> {
        self.values(index).to_vec()
    }

    fn index_of(&self, labels: &[usize], exemplar: usize) -> Option<usize> {
        let &[shape, texture] = labels else {
            return None;
        };
        let known = shape < LETTERS && texture < LETTERS && shape != texture;
        (known && exemplar < EXEMPLARS).then(|| {
            let other = texture - usize::from(texture > shape);
            (shape * OTHERS + other) * EXEMPLARS + exemplar
        })
    }

    fn properties(&self) -> &[&'static str] {
        &PROPERTIES
    }

    fn property_values(&self, index: usize) -> Vec<f64> {
        let Placing {
            center: [x, y],
            shape_angle,
            texture_angle,
        } = self.placing(index);
        vec![x, y, shape_angle, texture_angle]
    }

    fn render_into(&self, index: usize, rgb: &mut [u8]) {
        self.render(self.values(index), &self.placing(index), rgb);
    }

    fn render_twin_into(&self, index: usize, feature: usize, value: usize, rgb: &mut [u8]) {
        let mut values = self.values(index);
        values[feature] = value;
        self.render(values, &self.placing(index), rgb);
    }

    fn twin_value(&self, index: usize, feature: usize) -> usize {
        let values = self.values(index);
        assert!(feature < values.len(), "Navon has no feature {feature}");
        let free: Vec<usize> = (0..LETTERS)
            .filter(|letter| !values.contains(letter))
            .collect();
        let mut stream = self
            .twins
            .derive(self.features[feature].name)
            .at(index as u64);
        free[stream.below(free.len() as u64) as usize]
    }

    fn plainest(&self) -> Vec<usize> {
        // H of O: broad strokes, and small letters that look alike however
        // they are turned.
        vec![7, 14]
    }
}
