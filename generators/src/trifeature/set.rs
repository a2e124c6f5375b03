use layerprobe_streams::StreamKey;

use super::TrifeatureParams;
use super::colors::{BACKGROUND, COLORS};
use super::ink::Row;
use super::lattice::whole;
use super::pose::PoseKeys;
use super::shapes::{self, SHAPES};
use super::textures::{TEXTURES, TextureMaker};
use crate::raster::{Coverage, Polygon, Rotation};
use crate::stimulus::{assert_buffer, assert_index};
use crate::{Feature, StimulusSet};

const PROPERTIES: [&str; 6] = [
    "x",
    "y",
    "shape_angle",
    "texture_angle",
    "phase_x",
    "phase_y",
];

/// The Trifeature stimuli (Hermann & Lampinen 2020, section 3 and appendix B):
/// one colored, textured object on a mid-grey ground.
///
/// Shape and texture are turned independently of each other, each uniformly
/// within 45 degrees to either side, in fractions of a degree. The middle of
/// the object is uniform among the places which keep the whole turned box in
/// the image. Textures are fixed to the object's middle, their phase uniform
/// over the period (for noise and rain, which have none, over one cell).
///
/// A pixel's alpha is the product of the shares of it which the shape and the
/// texture cover. Noise cells and streaks of rain are a tenth of a period wide,
/// and at least a pixel.
///
/// Exemplar `e` of a combination is the same stimulus whatever the number of
/// exemplars, so a set with few of them is a part of a set with many.
///
/// # What differs from the paper's generator
/// That generator is known from a port alone, which turns pixel masks by whole
/// degrees and resamples them. Here outlines and textures are geometry: lengths
/// which the port rounds to whole pixels (thirds of the box) are exact, edges
/// are anti-aliased. The lines of `hexgrid` meet at 60 degrees, a period from
/// each other, and the crosses of `pluses` end a tenth of a period before the
/// border of their cell, since joined to their neighbors they read as bricks.
/// `rhombus` is the port's sheared band, a parallelogram with sides in a ratio
/// of 1 to 2.2.
#[derive(Clone, Debug)]
pub struct Trifeature {
    params: TrifeatureParams,
    features: Vec<Feature>,
    /// Scaled to the object's size, around the object's middle.
    outlines: [Vec<Polygon>; 10],
    pose: PoseKeys,
    textures: TextureMaker,
    twins: StreamKey,
}

impl Trifeature {
    pub(super) fn new(params: TrifeatureParams, key: StreamKey) -> Self {
        let scale = params.object_size as f64 / shapes::BOX;
        let mut outlines = shapes::outlines();
        for point in outlines.iter_mut().flatten().flatten() {
            *point = point.map(|coordinate| coordinate * scale);
        }
        Self {
            params,
            features: vec![
                Feature::new("shape", SHAPES),
                Feature::new("texture", TEXTURES),
                Feature::new("color", COLORS.map(|(name, _)| name)),
            ],
            outlines,
            pose: PoseKeys::new(key),
            textures: TextureMaker::new(
                params.texture_period,
                params.object_size,
                key.derive("noise"),
            ),
            twins: key.derive("twin"),
        }
    }

    /// The sizes it was made with.
    pub fn params(&self) -> TrifeatureParams {
        self.params
    }

    /// The number under which a stimulus draws its properties; independent of
    /// how many exemplars there are.
    fn draw(&self, index: usize) -> u64 {
        (self.exemplar(index) * self.combinations() + self.combination(index)) as u64
    }

    fn values(&self, index: usize) -> [usize; 3] {
        let combination = self.combination(index);
        [combination / 100, combination / 10 % 10, combination % 10]
    }

    fn render(&self, [shape, texture, color]: [usize; 3], draw: u64, rgb: &mut [u8]) {
        let size = self.params.image_size;
        assert_buffer(rgb, size);
        let pose = self.pose.draw(draw, size, self.params.object_size);
        let [x, y] = pose.center;
        let turn = Rotation::degrees(pose.shape_angle);
        let outlines: Vec<Polygon> = self.outlines[shape]
            .iter()
            .map(|outline| {
                let turned = outline.iter().map(|&point| turn.apply(point));
                turned.map(|[dx, dy]| [x + dx, y + dy]).collect()
            })
            .collect();
        let coverage = Coverage::of(&outlines);
        let repeat = self.textures.repeat(texture);
        let texture = self.textures.texture(texture, draw);
        let turn = Rotation::degrees(pose.texture_angle);
        let shift = [0, 1].map(|axis| pose.phase[axis] as f32 * repeat[axis]);
        let (_, color) = COLORS[color];

        rgb.fill(BACKGROUND);
        let mut ink = vec![0.0f32; size];
        for (row, left, coverages) in coverage.rows(size) {
            let [u, v] = turn.invert([0.5 - x, row as f64 + 0.5 - y]);
            let along = Row {
                start: [u as f32 + shift[0], v as f32 + shift[1]],
                step: [turn.cos as f32, turn.sin as f32],
                first: left,
            };
            let ink = &mut ink[..coverages.len()];
            texture.ink(along, ink);
            let first = 3 * (row * size + left);
            let pixels = &mut rgb[first..][..3 * coverages.len()];
            paint(pixels, coverages, ink, color);
        }
    }
}

/// Lays the color over the ground where shape and texture are.
fn paint(pixels: &mut [u8], coverages: &[f32], ink: &[f32], color: [u8; 3]) {
    let ground = f32::from(BACKGROUND);
    let contrast = color.map(|channel| f32::from(channel) - ground);
    for ((pixel, &coverage), &ink) in pixels.chunks_exact_mut(3).zip(coverages).zip(ink) {
        let alpha = coverage * ink;
        for (channel, &contrast) in pixel.iter_mut().zip(&contrast) {
            *channel = whole(ground + alpha * contrast) as u8;
        }
    }
}

impl StimulusSet for Trifeature {
    fn dataset(&self) -> &'static str {
        "trifeature"
    }

    fn image_size(&self) -> usize {
        self.params.image_size
    }

    fn features(&self) -> &[Feature] {
        &self.features
    }

    fn exemplars(&self) -> usize {
        self.params.exemplars
    }

    fn combinations(&self) -> usize {
        1000
    }

    fn labels(&self, index: usize) -> Vec<usize> {
        self.values(index).to_vec()
    }

    fn index_of(&self, labels: &[usize], exemplar: usize) -> Option<usize> {
        let exemplars = self.params.exemplars;
        let known = labels.len() == 3 && labels.iter().all(|&value| value < 10);
        (known && exemplar < exemplars).then(|| {
            let combination = labels.iter().fold(0, |number, &value| number * 10 + value);
            combination * exemplars + exemplar
        })
    }

    fn properties(&self) -> &[&'static str] {
        &PROPERTIES
    }

    fn property_values(&self, index: usize) -> Vec<f64> {
        assert_index(index, self.len());
        let TrifeatureParams {
            image_size,
            object_size,
            ..
        } = self.params;
        let pose = self.pose.draw(self.draw(index), image_size, object_size);
        let ([x, y], [phase_x, phase_y]) = (pose.center, pose.phase);
        vec![x, y, pose.shape_angle, pose.texture_angle, phase_x, phase_y]
    }

    fn property_period(&self, property: &str) -> Option<f64> {
        property.starts_with("phase").then_some(1.0)
    }

    fn render_into(&self, index: usize, rgb: &mut [u8]) {
        self.render(self.values(index), self.draw(index), rgb);
    }

    fn render_twin_into(&self, index: usize, feature: usize, value: usize, rgb: &mut [u8]) {
        let mut values = self.values(index);
        values[feature] = value;
        self.render(values, self.draw(index), rgb);
    }

    fn twin_value(&self, index: usize, feature: usize) -> usize {
        let own = self.values(index)[feature];
        let mut stream = self
            .twins
            .derive(self.features[feature].name)
            .at(self.draw(index));
        let other = stream.below(9) as usize;
        other + usize::from(other >= own)
    }

    fn plainest(&self) -> Vec<usize> {
        // A solid white square: any shape, texture or color shows on it.
        vec![1, 0, 9]
    }
}
