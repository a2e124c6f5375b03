/// A type that a column of the results table can hold.
pub(crate) trait Cell: Sized {
    /// What the column wants, in words, for the error message.
    const EXPECTED: &'static str;

    /// Appends the cell's text; nothing for an absent value.
    fn render(&self, text: &mut String);

    /// Reads the cell's text.
    fn parse(text: &str) -> Option<Self>;

    /// The number that must be finite, if this is one.
    fn number(&self) -> Option<f64> {
        None
    }
}

impl Cell for String {
    const EXPECTED: &'static str = "text";

    fn render(&self, text: &mut String) {
        text.push_str(self);
    }

    fn parse(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Cell for f64 {
    const EXPECTED: &'static str = "a number";

    /// The shortest decimal that reads back as the same bits.
    fn render(&self, text: &mut String) {
        text.push_str(&format!("{self:?}"));
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn number(&self) -> Option<f64> {
        Some(*self)
    }
}

impl Cell for u32 {
    const EXPECTED: &'static str = "a whole number from 0 to 4294967295";

    fn render(&self, text: &mut String) {
        text.push_str(&self.to_string());
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Cell for u64 {
    const EXPECTED: &'static str = "a whole number from 0 to 18446744073709551615";

    fn render(&self, text: &mut String) {
        text.push_str(&self.to_string());
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// An empty cell is an absent value.
impl<T: Cell> Cell for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn render(&self, text: &mut String) {
        if let Some(value) = self {
            value.render(text);
        }
    }

    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            Some(None)
        } else {
            T::parse(text).map(Some)
        }
    }

    fn number(&self) -> Option<f64> {
        self.as_ref().and_then(T::number)
    }
}
