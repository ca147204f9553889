//! One engine configuration for both places that compile: ahead of time in the shim, and at start in the container.
//!
//! They must agree, or a layer that was compiled ahead of time is refused in the container. So there is one function.

use anyhow::{Context, Result};
use wasmtime::{Config, Engine};

/// What `-v` prints as the revision. A test keeps it equal to the lock file.
pub const NAME: &str = "wasmtime-48.0.8";

pub fn new() -> Result<Engine> {
    let mut config = Config::new();
    config.wasm_component_model(true);
    Engine::new(&config).map_err(anyhow::Error::from).context("Wasmtime does not run on this machine")
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
