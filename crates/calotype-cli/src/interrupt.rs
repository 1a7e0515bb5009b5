//! Stopping when asked to.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

static ASKED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Listens for ctrl-c, termination and a terminal that goes away. The first one asks the engine to stop, which it does
/// within a moment and without leaving a partial file; a second one ends the process where it is.
pub fn listen() {
    let mut signals = vec![SIGINT, SIGTERM];
    #[cfg(unix)]
    if !hangup_is_ignored() {
        signals.push(signal_hook::consts::SIGHUP);
    }
    for signal in signals {
        // 130 is what a shell calls a process that ctrl-c has ended. The order matters: the second signal finds the
        // flag set. Where a signal cannot be listened to, it ends the process as ever.
        flag::register_conditional_shutdown(signal, 130, ASKED.clone()).ok();
        flag::register(signal, ASKED.clone()).ok();
    }
}

/// True where whoever started this process wants it to outlive the terminal, as nohup does: bit 0 of the mask of
/// ignored signals (proc(5)).
#[cfg(unix)]
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|m| u64::from_str_radix(m.trim(), 16).ok()).is_some_and(|m| m & 1 == 1)
}

/// True once the user has asked to stop.
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
