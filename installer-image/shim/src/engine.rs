//! One engine configuration for both places that compile: ahead of time in the shim, and at start in the container.
//!
//! They must agree, or a layer that was compiled ahead of time is refused in the container. So there is one function.

use anyhow::{Context, Result};
use wasmtime::{Config, Engine, Store};

/// What `-v` prints as the revision. A test keeps it equal to the lock file.
pub const NAME: &str = "wasmtime-48.0.8";

pub fn new() -> Result<Engine> {
    let mut config = Config::new();
    config.wasm_component_model(true);
    // A guest that loops gives way at each tick, so that its request can be ended and others go on (http/handler.rs).
    config.epoch_interruption(true);
    Engine::new(&config).map_err(anyhow::Error::from).context("Wasmtime does not run on this machine")
}

/// A store whose guest nobody ends but the container's own end.
pub fn store<T>(engine: &Engine, state: T) -> Store<T> {
    let mut store = Store::new(engine, state);
    store.set_epoch_deadline(u64::MAX / 2);
    store
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_revision_names_the_locked_wasmtime() {
        let version = super::NAME.trim_start_matches("wasmtime-");
        let locked = format!("name = \"wasmtime\"\nversion = \"{version}\"\n");
        assert!(include_str!("../Cargo.lock").contains(&locked), "engine::NAME is stale");
    }
}
