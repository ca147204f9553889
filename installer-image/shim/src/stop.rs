//! Signals: when the process ends, and with which code.
//!
//! As the first process of its PID namespace the container would ignore SIGTERM, and the kubelet would wait out the
//! grace period. Signals are taken by a thread of their own, not by the async runtime: guests in endless loops may hold
//! every thread of that, and must still die at once.

use std::io;
use std::process;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio_util::sync::CancellationToken;

/// Well below the 30 seconds that Kubernetes grants by default.
const DRAIN_MAX: Duration = Duration::from_secs(10);

#[derive(Debug, PartialEq)]
enum Reaction {
    /// At once: a command, a compilation, or a second signal to a server.
    Exit(i32),
    /// Finish the requests that have begun, then exit with this code.
    Drain(i32),
}

/// SIGTERM gives 143 and SIGINT to a server 0, the codes of upstream's shim.
fn reaction(signal: i32, serving: bool, seen_before: bool) -> Reaction {
    if !serving || seen_before {
        return Reaction::Exit(128 + signal);
    }
    Reaction::Drain(if signal == SIGTERM { 128 + signal } else { 0 })
}

/// Shared by the signal thread and the server.
pub struct Stop {
    server: OnceLock<CancellationToken>,
    code: OnceLock<i32>,
}

impl Stop {
    pub fn listen() -> io::Result<Arc<Self>> {
        let mut signals = Signals::new([SIGTERM, SIGINT, SIGQUIT])?;
        let stop = Arc::new(Self { server: OnceLock::new(), code: OnceLock::new() });
        let shared = stop.clone();
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || signals.forever().for_each(|signal| shared.on(signal)))?;
        Ok(stop)
    }

    /// From here on the first signal drains instead of killing.
    pub fn serving(&self) -> CancellationToken {
        self.server.get_or_init(CancellationToken::new).clone()
    }

    /// The exit code of a server that has drained.
    pub fn code(&self) -> i32 {
        self.code.get().copied().unwrap_or(0)
    }

    fn on(&self, signal: i32) {
        match (reaction(signal, self.server.get().is_some(), self.code.get().is_some()), self.server.get()) {
            (Reaction::Drain(code), Some(server)) => {
                let _ = self.code.set(code);
                server.cancel();
                thread::spawn(move || {
                    thread::sleep(DRAIN_MAX);
                    log::warn!("requests were still running {DRAIN_MAX:?} after the signal; they are cut off");
                    process::exit(code);
                });
            }
            (Reaction::Drain(code) | Reaction::Exit(code), _) => process::exit(code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reactions() {
        let cases = [
            ("a command is terminated", SIGTERM, false, false, Reaction::Exit(143)),
            ("a command is interrupted", SIGINT, false, false, Reaction::Exit(130)),
            ("a server is terminated", SIGTERM, true, false, Reaction::Drain(143)),
            ("a server is interrupted", SIGINT, true, false, Reaction::Drain(0)),
            ("a server is told to quit", SIGQUIT, true, false, Reaction::Drain(0)),
            ("a server is told twice", SIGTERM, true, true, Reaction::Exit(143)),
        ];
        for (name, signal, serving, seen_before, expected) in cases {
            assert_eq!(reaction(signal, serving, seen_before), expected, "{name}");
        }
    }
}
