/// A column's cells in their own type; none where a cell is empty.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Column<'a> {
    /// Text, which is never empty.
    Text(Vec<Option<&'a str>>),
    /// Whole numbers.
    Whole(Vec<Option<u64>>),
    /// Numbers.
    Number(Vec<Option<f64>>),
}

/// A type that a column of the results table can hold.
pub(crate) trait Cell: Sized {
    /// What the column wants, in words, for the error message.
    const EXPECTED: &'static str;

    /// Appends the cell's text; nothing for an absent value.
    fn render(&self, text: &mut String);

    /// Reads the cell's text.
    fn parse(text: &str) -> Option<Self>;

    /// A column of such cells.
    fn column<'a>(cells: impl Iterator<Item = Option<&'a Self>>) -> Column<'a>
    where
        Self: 'a;

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

    fn column<'a>(cells: impl Iterator<Item = Option<&'a Self>>) -> Column<'a> {
        let text = cells.map(|cell| cell.map(String::as_str).filter(|text| !text.is_empty()));
        Column::Text(text.collect())
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

    fn column<'a>(cells: impl Iterator<Item = Option<&'a Self>>) -> Column<'a> {
        Column::Number(cells.map(|cell| cell.copied()).collect())
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

    fn column<'a>(cells: impl Iterator<Item = Option<&'a Self>>) -> Column<'a> {
        Column::Whole(
            cells
                .map(|cell| cell.map(|cell| u64::from(*cell)))
                .collect(),
        )
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

    fn column<'a>(cells: impl Iterator<Item = Option<&'a Self>>) -> Column<'a> {
        Column::Whole(cells.map(|cell| cell.copied()).collect())
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

    fn column<'a>(cells: impl Iterator<Item = Option<&'a Self>>) -> Column<'a>
    where
        Self: 'a,
    {
        T::column(cells.map(|cell| cell.and_then(Option::as_ref)))
    }

    fn number(&self) -> Option<f64> {
        self.as_ref().and_then(T::number)
    }
}
