//! What a guest may see of its container.

use anyhow::{Context, Result, anyhow};
use wasmi::{Engine, Linker};
use wasmi_wasi::{Dir, WasiCtx, WasiCtxBuilder, ambient_authority};

use crate::container::Container;

pub fn linker(engine: &Engine) -> Result<Linker<WasiCtx>> {
    let mut linker = Linker::new(engine);
    wasmi_wasi::add_to_linker(&mut linker, |state| state).map_err(|err| anyhow!("{err}"))?;
    // wasi-common makes a trap of every code from 126 on.
    linker.allow_shadowing(true);
    let exit = |code: i32| -> Result<(), wasmi::Error> { Err(wasmi::Error::i32_exit(code)) };
    linker.func_wrap("wasi_snapshot_preview1", "proc_exit", exit).map_err(|err| anyhow!("{err}"))?;
    Ok(linker)
}

/// The container's walls are the mount, network and user namespaces, the cgroup and seccomp: within them a command
/// sees all that a native process would, volumes under `/` included. Sockets are not in WASI preview 1.
pub fn command(container: &Container) -> Result<WasiCtx> {
    let root =
        Dir::open_ambient_dir("/", ambient_authority()).context("the container's root directory cannot be opened")?;
    let mut builder = WasiCtxBuilder::new();
    builder.args(&container.args)?.envs(&container.env)?.inherit_stdio();
    builder.preopened_dir(root, "/").map_err(|err| anyhow!("{err}"))?;
    Ok(builder.build())
}
