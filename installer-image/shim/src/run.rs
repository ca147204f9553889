//! Runs a container's guest to its end.

use std::sync::Arc;

use anyhow::{Context, Result};
use containerd_shim_wasm::sandbox::context::RuntimeContext;
use wasmtime::component::{self, Component};
use wasmtime::{Engine, ExternType, Module, Store, Val};
use wasmtime_wasi::p2::bindings::Command;

use crate::container::Container;
use crate::entry::{self, Entry};
use crate::guest::{self, Guest};
use crate::policy::Policy;
use crate::stop::Stop;
use crate::{engine, exit, http, wasi};

pub async fn container(ctx: &impl RuntimeContext) -> Result<i32> {
    let stop = Stop::listen().context("signals cannot be handled")?;
    let mut container = Container::read(ctx);
    let policy = Policy::take(&mut container.env)?;
    let engine = engine::new()?;
    let guest = guest::load(&engine, &ctx.entrypoint().source)?;
    match guest {
        Guest::Module(module) => run_module(&engine, &module, &container, &policy).await,
        Guest::Component(component) => run_component(&engine, &component, container, policy, &stop).await,
    }
}

async fn run_module(engine: &Engine, module: &Module, container: &Container, policy: &Policy) -> Result<i32> {
    let functions: Vec<&str> = module
        .exports()
        .filter(|export| matches!(export.ty(), ExternType::Func(_)))
        .map(|export| export.name())
        .collect();
    entry::of_module(&functions, &container.func)?;
    let mut linker = wasmtime::Linker::new(engine);
    wasmtime_wasi::p1::add_to_linker_async(&mut linker, |state| state)?;
    let mut store = engine::store(engine, wasi::module(container, policy)?);
    exit::code(call_module(&mut store, &linker, module, &container.func).await)
}

async fn call_module<T: Send + 'static>(
    store: &mut Store<T>,
    linker: &wasmtime::Linker<T>,
    module: &Module,
    func: &str,
) -> wasmtime::Result<i32> {
    let instance = linker.instantiate_async(&mut *store, module).await?;
    // A library (reactor) sets itself up here before any other function may be called.
    if func != "_start"
        && let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut *store, "_initialize")
    {
        initialize.call_async(&mut *store, ()).await?;
    }
    let Some(function) = instance.get_func(&mut *store, func) else {
        wasmtime::bail!("the module exports no function {func:?}");
    };
    let ty = function.ty(&*store);
    if ty.params().len() > 0 {
        wasmtime::bail!("the function {func:?} takes parameters; an entrypoint can name only one without any");
    }
    let mut results = vec![Val::I32(0); ty.results().len()];
    function.call_async(&mut *store, &[], &mut results).await?;
    Ok(0)
}

async fn run_component(
    engine: &Engine,
    component: &Component,
    container: Container,
    policy: Policy,
    stop: &Arc<Stop>,
) -> Result<i32> {
    let ty = component.component_type();
    let exports: Vec<&str> = ty.exports(engine).map(|(name, _)| name).collect();
    let linker = wasi::linker(engine)?;
    match entry::of_component(&exports, &container.func)? {
        Entry::Http => {
            let args = container.args.into_iter().skip(1).collect();
            let given = wasi::Given { args, env: container.env, policy };
            http::serve(linker.instantiate_pre(component)?, given, stop).await
        }
        Entry::Command => {
            let mut store = engine::store(engine, wasi::command(&container, &policy)?);
            exit::code(call_run(&mut store, &linker, component).await)
        }
        Entry::Function(func) => {
            let mut store = engine::store(engine, wasi::command(&container, &policy)?);
            exit::code(call_function(&mut store, &linker, component, func).await)
        }
    }
}

/// A guest that ends with `err` has failed by its own account: 1, as in a shell. Traps are errors of another kind.
async fn call_run(
    store: &mut Store<wasi::State>,
    linker: &component::Linker<wasi::State>,
    component: &Component,
) -> wasmtime::Result<i32> {
    let command = Command::instantiate_async(&mut *store, component, linker).await?;
    let ended = command.wasi_cli_run().call_run(&mut *store).await?;
    Ok(if ended.is_ok() { 0 } else { 1 })
}

async fn call_function(
    store: &mut Store<wasi::State>,
    linker: &component::Linker<wasi::State>,
    component: &Component,
    func: &str,
) -> wasmtime::Result<i32> {
    let instance = linker.instantiate_async(&mut *store, component).await?;
    let Some(function) = instance.get_func(&mut *store, func) else {
        wasmtime::bail!("the component's export {func:?} is not a function");
    };
    let ty = function.ty(&*store);
    if ty.params().len() > 0 {
        wasmtime::bail!("the function {func:?} takes parameters; an entrypoint can name only one without any");
    }
    let mut results = vec![component::Val::Bool(false); ty.results().len()];
    function.call_async(&mut *store, &[], &mut results).await?;
    Ok(0)
}
