//! Stopping when asked to.

use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

/// Listens for ctrl-c (and termination). The first one asks the engine to stop; it leaves no partial file behind.
pub fn listen() {
    // Fails only where a handler is there already; then someone else listens.
    ctrlc::set_handler(|| ASKED.store(true, Ordering::Relaxed)).ok();
}

/// True once the user has asked to stop.
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
