//! Ctrl-C and termination: finish the step in hand, save, leave.

use std::sync::atomic::{AtomicBool, Ordering};

static STOP: AtomicBool = AtomicBool::new(false);

/// A flag that turns true when the user or the system asks to stop. Asked a
/// second time, the program ends at once; finished work is safe either way.
pub fn flag() -> anyhow::Result<&'static AtomicBool> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(super::exit::INTERRUPTED));
        }
    })?;
    Ok(&STOP)
}
