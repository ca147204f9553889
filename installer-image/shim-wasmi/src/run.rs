//! Runs a container's guest to its end.

use anyhow::{Context, Result, bail};
use containerd_shim_wasm::sandbox::context::RuntimeContext;
use wasmi::{ExternType, Module, Store, Val};
use wasmi_wasi::WasiCtx;

use crate::container::Container;
use crate::{engine, entry, exit, guest, stop, wasi};

pub fn container(ctx: &impl RuntimeContext) -> Result<i32> {
    stop::on_signals().context("signals cannot be handled")?;
    let container = Container::read(ctx);
    let engine = engine::new();
    let module = guest::load(&engine, &ctx.entrypoint().source)?;
    let store = Store::new(&engine, wasi::command(&container)?);
    run(&module, store, &container.func)
}

fn run(module: &Module, mut store: Store<WasiCtx>, func: &str) -> Result<i32> {
    let functions: Vec<&str> = module
        .exports()
        .filter(|export| matches!(export.ty(), ExternType::Func(_)))
        .map(|export| export.name())
        .collect();
    entry::of_module(&functions, func)?;
    check_parameters(module, func)?;
    let linker = wasi::linker(module.engine())?;
    exit::code(call(module, &mut store, &linker, func))
}

fn check_parameters(module: &Module, func: &str) -> Result<()> {
    match module.get_export(func) {
        Some(ExternType::Func(ty)) if ty.params().is_empty() => Ok(()),
        _ => bail!("the function {func:?} takes parameters; an entrypoint can name only one without any"),
    }
}

fn call(
    module: &Module,
    store: &mut Store<WasiCtx>,
    linker: &wasmi::Linker<WasiCtx>,
    func: &str,
) -> Result<(), wasmi::Error> {
    let instance = linker.instantiate_and_start(&mut *store, module)?;
    // A library (reactor) sets itself up here before any other function may be called.
    if func != "_start"
        && let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut *store, "_initialize")
    {
        initialize.call(&mut *store, ())?;
    }
    let function = instance
        .get_func(&mut *store, func)
        .ok_or_else(|| wasmi::Error::new(format!("the module exports no function {func:?}")))?;
    let mut results = vec![Val::I32(0); function.ty(&*store).results().len()];
    function.call(&mut *store, &[], &mut results)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(text: &str, func: &str) -> Result<i32> {
        let engine = engine::new();
        let module = Module::new(&engine, text.as_bytes()).map_err(|err| anyhow::anyhow!("{err}"))?;
        let container = Container { args: vec!["/app.wasm".to_owned()], env: Vec::new(), func: func.to_owned() };
        run(&module, Store::new(&engine, wasi::command(&container)?), func)
    }

    fn exits(code: i32) -> String {
        format!(
            r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
                (memory (export "memory") 1)
                (func (export "_start") (call $exit (i32.const {code}))))"#
        )
    }

    #[test]
    fn the_code_is_the_guests() {
        assert_eq!(ended(r#"(module (func (export "_start")))"#, "_start").expect("ended"), 0);
        for code in [0, 1, 42, 255] {
            assert_eq!(ended(&exits(code), "_start").expect("exited"), code);
        }
    }

    #[test]
    fn a_library_is_initialised_before_its_function_runs() {
        let library = r#"(module (global $ready (mut i32) (i32.const 0))
            (func (export "_initialize") (global.set $ready (i32.const 1)))
            (func (export "tick") (result i32) (if (i32.eqz (global.get $ready)) (then unreachable)) (i32.const 7)))"#;
        assert_eq!(ended(library, "tick").expect("ended"), 0);
    }

    #[test]
    fn what_cannot_run_says_why() {
        let cases = [
            (r#"(module (func (export "_start") unreachable))"#, "_start", "the guest failed"),
            (r#"(module (func (export "tick")))"#, "_start", "it exports tick"),
            (r#"(module (func (export "add") (param i32)))"#, "add", "takes parameters"),
        ];
        for (text, func, says) in cases {
            let message = format!("{:#}", ended(text, func).expect_err("refused"));
            assert!(message.contains(says), "{message}");
        }
    }

    /// Wasmi's own limit is 1,000 calls.
    #[test]
    fn deep_recursion_is_no_trap() {
        let deep = r#"(module (func $down (param i32)
              (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1))))))
            (func (export "_start") (call $down (i32.const 50000))))"#;
        assert_eq!(ended(deep, "_start").expect("ended"), 0);
        let endless = r#"(module (func $down (call $down)) (func (export "_start") (call $down)))"#;
        assert!(ended(endless, "_start").is_err());
    }
}
