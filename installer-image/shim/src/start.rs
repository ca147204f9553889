//! The one call of ours in a process that is about to become a container, before it does.
//!
//! containerd-shim-wasm forks such a process off, which then reads the container's specification and hands it to
//! libcontainer. In between it asks for `Shim::name()`.

use std::path::Path;
use std::sync::{Once, OnceLock};
use std::{env, process};

use crate::{bundles, cgroup, kept, native};

const STATE: &str = "/run/containerd/wasmtime";

static SHIM_PID: OnceLock<u32> = OnceLock::new();
static PREPARED: Once = Once::new();

/// First thing in `main`: processes that are forked later know by it that they are not the shim.
pub fn remember_shim() {
    SHIM_PID.get_or_init(process::id);
}

/// In a process that is about to become a container, once; elsewhere it does nothing.
pub fn prepare_container() {
    if SHIM_PID.get().is_none_or(|pid| *pid == process::id()) {
        return;
    }
    PREPARED.call_once(|| {
        let Ok(bundle) = env::current_dir() else {
            return;
        };
        let mut starting = bundles::starting(&bundle, Path::new(STATE));
        starting.iter_mut().for_each(cgroup::place);
        native::remember_programs(&starting);
        kept::remember_blobs(&bundle);
    });
}
