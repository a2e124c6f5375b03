//! An order of the stimuli in which each feature's test lies close together.

use super::ProbeSet;

impl ProbeSet {
    /// The same with its rows in another order: the training set first, then
    /// by the features they test, so that each feature's test is a few runs
    /// of neighbors.
    pub fn by_test(mut self) -> Self {
        let mut tested_by = vec![0usize; self.stimuli.len()];
        for (feature, number) in self.features.iter().zip(0..) {
            for &row in &feature.test {
                tested_by[row] |= 1 << number;
            }
        }
        // neighbors in Gray's order differ in one feature
        let place = |set: usize| (0..usize::BITS).fold(0, |place, bits| place ^ (set >> bits));
        let mut order: Vec<usize> = (0..self.stimuli.len()).collect();
        order.sort_by_key(|&row| place(tested_by[row]));
        let mut now = vec![0; order.len()];
        for (place, &row) in order.iter().enumerate() {
            now[row] = place;
        }
        let moved = |rows: &[usize]| -> Vec<usize> {
            let mut moved: Vec<usize> = rows.iter().map(|&row| now[row]).collect();
            moved.sort_unstable();
            moved
        };
        self.train = moved(&self.train);
        for feature in &mut self.features {
            feature.test = moved(&feature.test);
            feature.labels = order.iter().map(|&row| feature.labels[row]).collect();
        }
        self.tested = moved(&self.tested);
        for property in &mut self.properties {
            property.values = order.iter().map(|&row| property.values[row]).collect();
        }
        for held in &mut self.held_out {
            held.of_row = order.iter().map(|&row| held.of_row[row]).collect();
        }
        self.groups = order.iter().map(|&row| self.groups[row]).collect();
        self.stimuli = order.iter().map(|&row| self.stimuli[row]).collect();
        self
    }
}
