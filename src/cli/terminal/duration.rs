/// Seconds, for people.
pub fn duration(seconds: f64) -> String {
    match seconds {
        // a sum of nothing is -0
        s if s < 90.0 => format!("{:.0} s", s.max(0.0) + 0.0),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
