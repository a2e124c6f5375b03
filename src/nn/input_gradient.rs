/// What a backward pass does with the gradient of a layer's input.
///
/// Where an input has several readers (the two ways of a residual block), the
/// first to run backward writes, the others add.
#[derive(Debug)]
pub enum InputGradient<'a, T> {
    /// It is not computed: nobody needs it, as before the first layer.
    Unwanted,
    /// Overwrites this.
    Write(&'a mut [T]),
    /// Adds to this.
    Add(&'a mut [T]),
}

impl<'a, T> InputGradient<'a, T> {
    /// Where it goes and whether it is added, or `None` if it is unwanted.
    pub(crate) fn target(self) -> Option<(&'a mut [T], bool)> {
        match self {
            Self::Unwanted => None,
            Self::Write(to) => Some((to, false)),
            Self::Add(to) => Some((to, true)),
        }
    }
}
