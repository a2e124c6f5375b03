//! Being asked to stop: finish the step in hand, save, leave.

use std::sync::atomic::AtomicBool;

static STOP: AtomicBool = AtomicBool::new(false);

/// A flag that turns true when the user or the system asks to stop: by Ctrl-C,
/// TERM, HUP, or USR1, which batch systems send before a time limit. Ctrl-C a
/// second time ends the program at once; finished work is safe either way.
pub fn flag() -> anyhow::Result<&'static AtomicBool> {
    asked::watch()?;
    Ok(&STOP)
}

#[cfg(unix)]
mod asked {
    use std::sync::atomic::Ordering;
    use std::thread;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
    use signal_hook::iterator::Signals;

    pub(super) fn watch() -> anyhow::Result<()> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGUSR1])?;
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                let mut interrupts = 0;
                for signal in signals.forever() {
                    super::STOP.store(true, Ordering::SeqCst);
                    // batch systems send several, and grant time after each
                    interrupts += u32::from(signal == SIGINT);
                    if interrupts > 1 {
                        std::process::exit(i32::from(crate::cli::terminal::exit::INTERRUPTED));
                    }
                }
            })?;
        Ok(())
    }
}

#[cfg(not(unix))]
mod asked {
    use std::sync::atomic::Ordering;

    pub(super) fn watch() -> anyhow::Result<()> {
        ctrlc::set_handler(|| {
            if super::STOP.swap(true, Ordering::SeqCst) {
                std::process::exit(i32::from(crate::cli::terminal::exit::INTERRUPTED));
            }
        })?;
        Ok(())
    }
}
