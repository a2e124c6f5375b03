//! Sizes that do not wrap. Kernels read and write without bounds where a
//! slice's length was compared with one, so one that wrapped would let them out
//! of the slice.

/// The product of some factors.
///
/// # Panics
/// If a `usize` cannot hold it.
#[inline]
#[track_caller]
pub(crate) fn product<const N: usize>(factors: [usize; N]) -> usize {
    let mut all: usize = 1;
    for factor in factors {
        match all.checked_mul(factor) {
            Some(more) => all = more,
            None => too_large("product", &factors),
        }
    }
    all
}

/// The sum of some terms.
///
/// # Panics
/// If a `usize` cannot hold it.
#[inline]
#[track_caller]
pub(crate) fn sum<const N: usize>(terms: [usize; N]) -> usize {
    let mut all: usize = 0;
    for term in terms {
        match all.checked_add(term) {
            Some(more) => all = more,
            None => too_large("sum", &terms),
        }
    }
    all
}

#[cold]
#[inline(never)]
#[track_caller]
fn too_large(what: &str, sizes: &[usize]) -> ! {
    panic!("the {what} of the sizes {sizes:?} is larger than any memory")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_counted() {
        assert_eq!(product([3, 4, 5]), 60);
        assert_eq!(product([usize::MAX, 1]), usize::MAX);
        assert_eq!(sum([usize::MAX - 2, 1, 1]), usize::MAX);
    }

    #[test]
    #[should_panic(expected = "the product of the sizes")]
    fn a_product_does_not_wrap() {
        product([usize::MAX / 2 + 1, 2]);
    }

    #[test]
    #[should_panic(expected = "the sum of the sizes")]
    fn a_sum_does_not_wrap() {
        sum([usize::MAX, 1, 1]);
    }
}
