//! Where the lanes of a batch go next, all products of the batch in one.

use rayon::prelude::*;

use super::abreast::Abreast;
use super::lane::Lane;
use super::panel::Panel;
use super::space::{Precision, Space, Vector};

/// A lane that takes a step.
pub(super) struct Going<'b, 'a> {
    pub penalty: f64,
    pub lane: &'b mut Lane<'a>,
    /// The gradient and, where inner products need it, its image.
    pub gradient: (Vec<f64>, Vec<f64>),
}

/// Each lane's step along its preconditioned gradient: by its own factor where
/// it has one, by the common preconditioner else.
pub(super) fn step(space: &Space<'_>, mut going: Vec<Going<'_, '_>>, precision: Precision) {
    let own: Vec<bool> = going
        .par_iter_mut()
        .map(|going| going.lane.prepare(space, going.penalty))
        .collect();
    let (mut factored, mut plain) = (Vec::new(), Vec::new());
    for (going, own) in going.into_iter().zip(own) {
        match own {
            true => factored.push(going),
            false => plain.push(going),
        }
    }
    let directions = preconditioned(space, &plain, precision);
    advance(space, plain, directions);
    let directions = by_own_factors(space, &factored, precision);
    advance(space, factored, directions);
}

fn advance(space: &Space<'_>, going: Vec<Going<'_, '_>>, directions: Vec<(Vec<f64>, Vec<f64>)>) {
    going
        .into_par_iter()
        .zip(directions)
        .for_each(|(going, direction)| going.lane.advance(space, going.penalty, direction));
}

/// Directions of the common preconditioner, with their images.
fn preconditioned(
    space: &Space<'_>,
    going: &[Going<'_, '_>],
    precision: Precision,
) -> Vec<(Vec<f64>, Vec<f64>)> {
    if going.is_empty() {
        return Vec::new();
    }
    let abreast = Abreast::contrasts(classes(going));
    let gradient = Vector {
        coefficients: abreast.panel(
            space.size(),
            going.iter().map(|going| going.gradient.0.as_slice()),
        ),
        image: match space.needs_image() {
            true => abreast.panel(
                space.rows(),
                going.iter().map(|going| going.gradient.1.as_slice()),
            ),
            false => Panel::default(),
        },
    };
    let shifts = abreast.spread(going.iter().map(|going| going.lane.shift(going.penalty)));
    let found = space.precondition(&gradient, &shifts, precision);
    let images = abreast.apart(&found.image);
    abreast
        .apart(&found.coefficients)
        .into_iter()
        .zip(images)
        .collect()
}

/// Directions of the lanes' own factors, with their images.
fn by_own_factors(
    space: &Space<'_>,
    going: &[Going<'_, '_>],
    precision: Precision,
) -> Vec<(Vec<f64>, Vec<f64>)> {
    let alone: Vec<Option<Vec<f64>>> = going
        .iter()
        .map(|going| going.lane.alone(&going.gradient.0))
        .collect();
    let felt = match alone.iter().all(Option::is_some) {
        true => images(space, going, alone.iter().flatten(), Precision::Single),
        false => vec![Vec::new(); going.len()],
    };
    let directions: Vec<Vec<f64>> = going
        .par_iter()
        .zip(alone.into_par_iter().zip(felt))
        .map(|(going, (alone, felt))| {
            let gradient = &going.gradient.0;
            let alone = alone.map(|alone| (alone, felt));
            let direction = going.lane.own_direction(gradient, alone);
            direction.unwrap_or_else(|| gradient.clone())
        })
        .collect();
    let images = images(space, going, &directions, precision);
    directions.into_iter().zip(images).collect()
}

/// The logits that decoders of the lanes give the training rows, by one product.
fn images<'v>(
    space: &Space<'_>,
    going: &[Going<'_, '_>],
    decoders: impl IntoIterator<Item = &'v Vec<f64>>,
    precision: Precision,
) -> Vec<Vec<f64>> {
    if going.is_empty() {
        return Vec::new();
    }
    let abreast = Abreast::contrasts(classes(going));
    let decoders = decoders.into_iter().map(Vec::as_slice);
    abreast.apart(&space.image(&abreast.panel(space.size(), decoders), precision))
}

fn classes<'g>(going: &'g [Going<'_, '_>]) -> impl Iterator<Item = usize> + 'g {
    going.iter().map(|going| going.lane.task.classes)
}
