/// Mid grey, 0.5; it also shows through the gaps of the texture.
pub const BACKGROUND: u8 = 128;

/// Names and 8-bit RGB of the colors, in the paper's order (Hermann & Lampinen
/// 2020, Fig. B.1); fractions of 255 are rounded half up.
pub const COLORS: [(&str, [u8; 3]); 10] = [
    ("red", [255, 0, 0]),
    ("green", [0, 255, 0]),
    ("blue", [0, 0, 255]),
    ("yellow", [255, 255, 0]),
    ("pink", [255, 102, 255]),
    ("cyan", [0, 255, 255]),
    ("purple", [77, 0, 128]),
    ("ocean", [26, 102, 128]),
    ("orange", [255, 153, 0]),
    ("white", [255, 255, 255]),
];
