//! The interpreter's settings.

use wasmi::{Config, Engine};

/// What `-v` prints as the revision. A test keeps it equal to the lock file.
pub const NAME: &str = "wasmi-2.0.0";

/// Wasmi's own limits, 1,000 calls and 1 MB, are made for contracts on a chain: a recursive descent or Go's runtime
/// goes deeper. The stack is heap that grows as it is used, so a high limit costs nothing.
const CALL_DEPTH_MAX: usize = 100_000;
const STACK_BYTES_MAX: usize = 64 << 20;

pub fn new() -> Engine {
    let mut config = Config::default();
    config.set_max_recursion_depth(CALL_DEPTH_MAX).set_max_stack_height(STACK_BYTES_MAX);
    Engine::new(&config)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_revision_names_the_locked_wasmi() {
        let version = super::NAME.trim_start_matches("wasmi-");
        let locked = format!("name = \"wasmi\"\nversion = \"{version}\"\n");
        assert!(include_str!("../Cargo.lock").contains(&locked), "engine::NAME is stale");
    }
}
