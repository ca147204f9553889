//! A containerd shim that runs WebAssembly modules with the interpreter Wasmi.
//!
//! What makes a shim a shim is containerd-shim-wasm's, and what that leaves out is mended by sources of the shim beside
//! this one. This crate says how a module of WASI preview 1 is interpreted: it starts without being compiled and takes
//! little memory, and its instructions run many times slower (docs/decisions/ says who wants that).

// Not a crate of their own: the Wasmtime shim is compiled once per change of its directory, which takes long.
#[path = "../../shim/src"]
mod shared {
    pub mod bundles;
    pub mod cgroup;
    pub mod container;
    #[allow(dead_code)] // what decides about components
    pub mod entry;
    pub mod native;
    pub mod service;
}

mod engine;
mod exit;
mod guest;
mod run;
mod start;
mod stop;
mod wasi;

use anyhow::Result;
use containerd_shim_wasm::sandbox::Sandbox;
use containerd_shim_wasm::sandbox::context::RuntimeContext;
use containerd_shim_wasm::shim::{Cli, Shim, Version};

use shared::{bundles, cgroup, container, entry, native, service};

struct WasmiShim;

impl Shim for WasmiShim {
    type Sandbox = WasmiSandbox;

    /// Called in every process; in some of them it is the only call of ours (see start.rs).
    fn name() -> &'static str {
        start::prepare_container();
        "wasmi"
    }

    fn version() -> Version {
        Version { version: env!("CARGO_PKG_VERSION"), revision: engine::NAME }
    }
}

#[derive(Default)]
struct WasmiSandbox;

impl Sandbox for WasmiSandbox {
    async fn run_wasi(&self, ctx: &impl RuntimeContext) -> Result<i32> {
        run::container(ctx).inspect_err(exit::explain)
    }
}

fn main() {
    start::remember_shim();
    service::stand_in_front();
    WasmiShim::run(None);
}
