//! How much memory views take, told before they are made.

use super::View;
use crate::standardize::PANEL;
use crate::{Forecast, Workload};

impl Forecast {
    /// The forecast for several views of a layer, made and probed one after the
    /// other; views that there are not of it are left out.
    ///
    /// Beside the layer stands, while a view is made, what it is made by (with
    /// `s` the smaller of width and training stimuli, `K` components: matrix,
    /// eigenvectors and their work space, `56 s^2`; the scaled matrix, `8 n w`,
    /// where it is narrow; loadings, `8 K (w + s)`) and then the view itself
    /// (`12 K` a stimulus), and while it is probed the view and its probes.
    pub fn of_views(work: &Workload<'_>, views: &[View], channels: Option<usize>) -> Self {
        let none = Self {
            matrix: 4 * (work.stimuli * work.dims) as u64,
            beside: 0,
            streamed: 0,
        };
        let there = views.iter().filter(|view| view.applies(channels));
        there.fold(none, |most, view| {
            let own = of_view(work, *view, channels);
            Self {
                matrix: most.matrix,
                beside: most.beside.max(own.beside),
                streamed: most.streamed.max(own.streamed),
            }
        })
    }
}

fn of_view(work: &Workload<'_>, view: View, channels: Option<usize>) -> Forecast {
    let Some(count) = view.dims(work.dims, channels) else {
        return Forecast::of(work);
    };
    let probes = Forecast::of(&Workload {
        dims: count,
        ..work.clone()
    });
    let [rows, n, w, k] = [work.stimuli, work.train, work.dims, count].map(|x| x as u64);
    let side = n.min(w);
    let making = match view {
        View::Pca(_) if w > n => 56 * side * side + 4 * n * w.min(PANEL as u64),
        View::Pca(_) => 56 * side * side + 8 * n * w,
        _ => 0,
    };
    let making = match view {
        View::Full | View::Gap => 0,
        _ => making + 8 * k * (w + side) + 40 * w,
    };
    let making = making + 12 * k * rows;
    let probing = probes.matrix + probes.beside;
    Forecast {
        matrix: 4 * rows * w,
        beside: making.max(probing),
        streamed: (making + work.window()).max(probing),
    }
}
