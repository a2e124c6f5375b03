use super::cell::{Cell, Column};

/// A row of a table: what its columns are, and its cells as text.
pub(crate) trait Record: Sized {
    /// The names of the columns, in the file's order.
    const COLUMNS: &'static [&'static str];

    /// Columns that tables of earlier versions lack, and what each of their
    /// cells is read as there.
    const ADDED: &'static [(&'static str, &'static str)];

    /// Columns of diagnostics, where a diverged fit may leave a NaN or
    /// infinity worth keeping.
    const MAY_BE_INFINITE: &'static [&'static str];

    /// The row's cells as text, in the order of the columns.
    fn cells(&self) -> Vec<String>;

    /// The cells of many rows in their own types, column by column.
    fn columns(rows: &[Self]) -> Vec<Column<'_>>;

    /// Each column that holds a number, with the number.
    fn numbers(&self) -> Vec<(&'static str, f64)>;

    /// Reads a row from a lookup of cells by column number.
    fn from_cells<'a>(cell: impl Fn(usize) -> &'a str) -> Result<Self, Unreadable>;

    /// Condition, layer and feature, to name the row in an error.
    fn names(&self) -> [&str; 3];
}

/// A cell that does not hold what its column wants.
pub(crate) struct Unreadable {
    /// Number of the column.
    pub(crate) column: usize,
    pub(crate) name: &'static str,
    /// What the column wants, in words.
    pub(crate) expected: &'static str,
}

impl Unreadable {
    pub(crate) fn cell<T: Cell>(column: usize, name: &'static str) -> Self {
        Self {
            column,
            name,
            expected: T::EXPECTED,
        }
    }
}

/// Defines a row and, from the same list, the table's columns, so that the
/// two cannot drift apart.
macro_rules! record {
    (
        $(#[$about:meta])* $row:ident,
        added: $added:expr,
        may_be_infinite: $infinite:expr,
        $($(#[$doc:meta])* $name:ident: $kind:ty,)*
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $row {
            $($(#[$doc])* pub $name: $kind,)*
        }

        impl $row {
            /// The names of the columns, in the file's order. Columns may be
            /// added at the end; none is renamed or dropped.
            pub const COLUMNS: &'static [&'static str] = &[$(stringify!($name)),*];
        }

        impl $crate::table::record::Record for $row {
            const COLUMNS: &'static [&'static str] = $row::COLUMNS;
            const ADDED: &'static [(&'static str, &'static str)] = &$added;
            const MAY_BE_INFINITE: &'static [&'static str] = &$infinite;

            fn cells(&self) -> Vec<String> {
                use $crate::table::cell::Cell;
                vec![$({
                    let mut text = String::new();
                    self.$name.render(&mut text);
                    text
                }),*]
            }

            fn columns(rows: &[Self]) -> Vec<$crate::table::cell::Column<'_>> {
                use $crate::table::cell::Cell;
                vec![$(<$kind as Cell>::column(rows.iter().map(|row| Some(&row.$name)))),*]
            }

            fn numbers(&self) -> Vec<(&'static str, f64)> {
                use $crate::table::cell::Cell;
                [$((stringify!($name), self.$name.number())),*]
                    .into_iter()
                    .filter_map(|(column, number)| Some((column, number?)))
                    .collect()
            }

            fn from_cells<'a>(
                cell: impl Fn(usize) -> &'a str,
            ) -> Result<Self, $crate::table::record::Unreadable> {
                use $crate::table::{cell::Cell, record::Unreadable};
                let mut column = 0..;
                Ok(Self {
                    $($name: {
                        let column = column.next().unwrap_or_default();
                        <$kind as Cell>::parse(cell(column))
                            .ok_or_else(|| Unreadable::cell::<$kind>(column, stringify!($name)))?
                    },)*
                })
            }

            fn names(&self) -> [&str; 3] {
                [&self.condition, &self.layer, &self.feature]
            }
        }
    };
}
pub(crate) use record;

/// A row with the columns that say which network was probed where, and all
/// others empty: they have the same names in every table.
macro_rules! place_of {
    ($row:ident) => {
        Self {
            condition: $row.condition.clone(),
            dataset: $row.dataset.clone(),
            arch: $row.arch.clone(),
            target: $row.target.clone(),
            split: $row.split,
            seed: $row.seed,
            step: $row.step,
            epoch: $row.epoch,
            checkpoint_role: $row.checkpoint_role.clone(),
            layer: $row.layer.clone(),
            feature: $row.feature.clone(),
            protocol: $row.protocol.clone(),
            view: $row.view.clone(),
            ..Self::default()
        }
    };
}
pub(crate) use place_of;
