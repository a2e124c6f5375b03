use crate::raster::Polygon;

/// Names of the shapes, in the paper's order (Hermann & Lampinen 2020,
/// Fig. B.1).
pub const SHAPES: [&str; 10] = [
    "triangle",
    "square",
    "plus",
    "circle",
    "tee",
    "rhombus",
    "pentagon",
    "star",
    "fivesquare",
    "trapezoid",
];

/// Side of the box in which the outlines are given.
pub const BOX: f64 = 128.0;

const THIRD: f64 = BOX / 3.0;

/// Corners of the polygon that stands for a circle: at a radius of 64 px it is
/// nowhere further than 0.002 px from it.
const CIRCLE_CORNERS: usize = 512;

/// The outlines of each shape in a box of 128 x 128, origin in its middle, `y`
/// down.
///
/// The polygons of a shape do not overlap. Points that go by thirds of the box
/// are at exact thirds, where the paper's raster rounds to whole pixels.
pub fn outlines() -> [Vec<Polygon>; 10] {
    let bar = (BOX - THIRD) / 2.0;
    let corner = BOX - bar;
    [
        vec![vec![[64.0, 0.0], [128.0, 128.0], [0.0, 128.0]]],
        vec![rectangle(0.0, 0.0, BOX, BOX)],
        vec![vec![
            [bar, 0.0],
            [corner, 0.0],
            [corner, bar],
            [BOX, bar],
            [BOX, corner],
            [corner, corner],
            [corner, BOX],
            [bar, BOX],
            [bar, corner],
            [0.0, corner],
            [0.0, bar],
            [bar, bar],
        ]],
        vec![circle()],
        vec![vec![
            [0.0, 0.0],
            [BOX, 0.0],
            [BOX, THIRD],
            [corner, THIRD],
            [corner, BOX],
            [bar, BOX],
            [bar, THIRD],
            [0.0, THIRD],
        ]],
        vec![vec![[64.0, 0.0], [128.0, 0.0], [64.0, 128.0], [0.0, 128.0]]],
        vec![pentagon()],
        vec![star()],
        five_squares(),
        vec![trapezoid()],
    ]
    .map(|polygons| polygons.into_iter().map(centered).collect())
}

fn centered(polygon: Polygon) -> Polygon {
    polygon
        .into_iter()
        .map(|[x, y]| [x - BOX / 2.0, y - BOX / 2.0])
        .collect()
}

fn rectangle(left: f64, top: f64, right: f64, bottom: f64) -> Polygon {
    vec![[left, top], [right, top], [right, bottom], [left, bottom]]
}

fn circle() -> Polygon {
    (0..CIRCLE_CORNERS)
        .map(|corner| {
            let angle = std::f64::consts::TAU * corner as f64 / CIRCLE_CORNERS as f64;
            [64.0 + 64.0 * angle.cos(), 64.0 + 64.0 * angle.sin()]
        })
        .collect()
}

/// Widens by 1.25 px a row on each side over the upper 40 %, then narrows by
/// 1 px in 3.1 rows.
fn pentagon() -> Polygon {
    let shoulder = 0.4 * BOX;
    let foot = (BOX - shoulder) / 3.1;
    vec![
        [64.0, 0.0],
        [BOX, shoulder],
        [BOX - foot, BOX],
        [foot, BOX],
        [0.0, shoulder],
    ]
}

/// Narrows by 1 px in 3.1 rows on each side.
fn trapezoid() -> Polygon {
    let foot = BOX / 3.1;
    vec![[0.0, 0.0], [BOX, 0.0], [BOX - foot, BOX], [foot, BOX]]
}

/// Corners and middle of a 3 x 3 checkerboard.
fn five_squares() -> Vec<Polygon> {
    [(0, 0), (2, 0), (1, 1), (0, 2), (2, 2)]
        .into_iter()
        .map(|(column, row)| {
            let (left, top) = (THIRD * f64::from(column), THIRD * f64::from(row));
            rectangle(left, top, left + THIRD, top + THIRD)
        })
        .collect()
}

/// A spike (half-width 1/4 of the rows down to row 51), arms that taper by
/// 2.4 px a row from there, and two legs from row 70 on, whose outer edge runs
/// out by 0.43 px and whose inner edge by 1.05 px a row. The outline below is
/// the union of the four, with the legs' outer edges drawn on to the arms, which they
/// meet 1.2 rows above (4 square pixels more).
fn star() -> Polygon {
    let arms_row = 51.0;
    let legs_row = 70.0;
    let spike = arms_row / 4.0;
    // Right leg, as distances from the middle line at the legs' first row.
    let outer_at_legs = 64.0 - 0.33 * BOX;
    let inner_at_legs = 64.0 - 0.62 * BOX;
    let legs = BOX - legs_row;
    // Where the lower edge of the arm, 64 - 2.4 (y - 51) from the middle,
    // meets the outer edge of the leg.
    let arm_meets_leg = (64.0 + 2.4 * arms_row - outer_at_legs + 0.43 * legs_row) / (2.4 + 0.43);
    let crotch = legs_row - inner_at_legs / 1.05;
    let right = [
        [spike, arms_row],
        [64.0, arms_row],
        [64.0 - 2.4 * (arm_meets_leg - arms_row), arm_meets_leg],
        [outer_at_legs + 0.43 * legs, BOX],
        [inner_at_legs + 1.05 * legs, BOX],
    ];
    let mut outline = vec![[64.0, 0.0]];
    outline.extend(right.iter().map(|&[x, y]| [64.0 + x, y]));
    outline.push([64.0, crotch]);
    outline.extend(right.iter().rev().map(|&[x, y]| [64.0 - x, y]));
    outline
}
