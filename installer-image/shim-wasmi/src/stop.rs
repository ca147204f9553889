//! Signals: when the process ends, and with which code.
//!
//! As the first process of its PID namespace the container would ignore SIGTERM, and the kubelet would wait out the
//! grace period. A guest has no way to hear of a signal, so it ends at once, with a shell's code for it.

use std::{io, process, thread};

use signal_hook::consts::{SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

pub fn on_signals() -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGQUIT])?;
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || signals.forever().for_each(|signal| process::exit(128 + signal)))?;
    Ok(())
}
