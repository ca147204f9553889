//! What a guest may see of its container.

use anyhow::{Context, Result};
use wasmtime::component::{Linker, ResourceTable};
use wasmtime::{Engine, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::container::{Container, Env};
use crate::policy::{Network, Outbound, Policy};

/// Counts a pod's requests from 0 on; `kwasm func run --component` has the same.
const REQUEST_ID: &str = "REQUEST_ID";

/// The state behind a component's WASI imports.
pub struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    outbound: Outbound,
    pub limits: StoreLimits,
}

impl State {
    fn new(wasi: WasiCtx, policy: &Policy) -> Self {
        let limits = StoreLimitsBuilder::new();
        Self {
            wasi,
            http: WasiHttpCtx::new(),
            table: ResourceTable::new(),
            outbound: Outbound(policy.network.clone()),
            limits: policy.memory_max.into_iter().fold(limits, StoreLimitsBuilder::memory_size).build(),
        }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.outbound }
    }
}

/// What each request of a component that answers HTTP is given.
pub struct Given {
    /// Without the program's name: such a component has none.
    pub args: Vec<String>,
    pub env: Env,
    pub policy: Policy,
}

pub fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    Ok(linker)
}

pub fn command(container: &Container, policy: &Policy) -> Result<State> {
    Ok(State::new(whole_container(container, policy)?.build(), policy))
}

pub fn module(container: &Container, policy: &Policy) -> Result<WasiP1Ctx> {
    Ok(whole_container(container, policy)?.build_p1())
}

/// One request's view: arguments, the environment, and where to log. No file system, so that requests share nothing.
pub fn request(Given { args, env, policy }: &Given, id: u64) -> State {
    let mut builder = WasiCtxBuilder::new();
    // Two of one name would leave it to the guest's library which counts.
    for (key, value) in env.iter().filter(|(key, _)| key != REQUEST_ID) {
        builder.env(key, value);
    }
    builder.args(args).env(REQUEST_ID, id.to_string()).inherit_stdout().inherit_stderr();
    if let Some(network) = &policy.network {
        Network::open(network, &mut builder);
    }
    State::new(builder.build(), policy)
}

/// The container's walls are the mount, network and user namespaces, the cgroup and seccomp: within them a command
/// sees all that a native process would, volumes under `/` included; of the network what its policy leaves.
fn whole_container(container: &Container, policy: &Policy) -> Result<WasiCtxBuilder> {
    let mut builder = WasiCtxBuilder::new();
    builder.args(&container.args).envs(&container.env).inherit_stdio();
    match &policy.network {
        Some(network) => Network::open(network, &mut builder),
        None => {
            builder.inherit_network().allow_ip_name_lookup(true);
        }
    }
    builder
        .preopened_dir("/", "/", FsPerms::ReadWrite)
        .map_err(anyhow::Error::from)
        .context("the container's root directory cannot be opened")?;
    Ok(builder)
}
