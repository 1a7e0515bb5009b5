//! Stopping when asked to.

use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

/// Listens for ctrl-c, termination and a terminal that goes away. The first one asks the engine to stop, which it does
/// within a moment and without leaving a partial file; a second one ends the process where it is.
pub fn listen() {
    // Fails only where a handler is there already; then someone else listens.
    ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::Relaxed) {
            // as a shell counts a process that SIGINT has ended
            std::process::exit(130);
        }
    })
    .ok();
}

/// True once the user has asked to stop.
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
