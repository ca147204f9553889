//! A containerd shim that runs WebAssembly with Wasmtime.
//!
//! containerd-shim-wasm does what every shim does: containerd's task API, namespaces, cgroups, mounts, and native
//! containers (the pause container, sidecars) beside the Wasm one. This crate says how a Wasm entrypoint runs. Names,
//! environment variables and exit codes are those of runwasi's own Wasmtime shim, so that either can replace the other.

mod ahead;
mod apart;
mod bundles;
mod cgroup;
mod compiler;
mod container;
mod engine;
mod entry;
mod exit;
mod guest;
mod http;
mod kept;
mod native;
mod policy;
mod run;
mod service;
mod start;
mod stop;
mod wasi;

use std::process;

use anyhow::Result;
use containerd_shim_wasm::sandbox::Sandbox;
use containerd_shim_wasm::sandbox::context::RuntimeContext;
use containerd_shim_wasm::shim::{Cli, Compiler, Shim, Version};

use crate::compiler::LayerCompiler;

/// As its messages in a pod's log begin.
pub const PROGRAM: &str = "containerd-shim-wasmtime";

struct WasmtimeShim;

impl Shim for WasmtimeShim {
    type Sandbox = WasmtimeSandbox;

    /// Called in every process; in some of them it is the only call of ours (see start.rs).
    fn name() -> &'static str {
        start::prepare_container();
        "wasmtime"
    }

    /// The revision names the engine: what a bug report needs, and the same in every build of one source. The macro
    /// of containerd-shimkit would ask git, so a build from a tarball would differ from one in a clone.
    fn version() -> Version {
        Version { version: env!("CARGO_PKG_VERSION"), revision: engine::NAME }
    }

    async fn compiler() -> Option<impl Compiler> {
        LayerCompiler::new().inspect_err(|err| log::error!("layers will not be compiled ahead of time: {err:#}")).ok()
    }
}

#[derive(Default)]
struct WasmtimeSandbox;

impl Sandbox for WasmtimeSandbox {
    async fn run_wasi(&self, ctx: &impl RuntimeContext) -> Result<i32> {
        run::container(ctx).await.inspect_err(exit::explain)
    }
}

fn main() {
    if let Some(code) = apart::exit_code_if_asked() {
        process::exit(code);
    }
    start::remember_shim();
    service::stand_in_front();
    WasmtimeShim::run(None);
}
