//! The beat at which looping guests give way to each other.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use wasmtime::Engine;

/// Short beside the deadline of a request, long beside what a change of guests costs.
const TICK: Duration = Duration::from_millis(10);

/// A thread, not a task: guests in endless loops may hold every thread of the async runtime.
pub struct Ticks {
    stopped: Arc<AtomicBool>,
}

impl Ticks {
    pub fn start(engine: &Engine) -> io::Result<Self> {
        let stopped = Arc::new(AtomicBool::new(false));
        let (engine, told) = (engine.weak(), stopped.clone());
        thread::Builder::new().name("ticks".to_owned()).spawn(move || {
            while !told.load(Ordering::Relaxed) {
                thread::sleep(TICK);
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => return,
                }
            }
        })?;
        Ok(Self { stopped })
    }
}

impl Drop for Ticks {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}
