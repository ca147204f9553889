//! The runner's component: a file that was fetched, and the machine code that it is compiled to.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use containerd_shim_wasm::sandbox::context::WasmBinaryType;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::engine;
use crate::entry::{self, Entry};

/// The code appears whole or not at all.
pub fn compile(wasm: &Path, code: &Path) -> Result<()> {
    let started = Instant::now();
    let bytes = fs::read(wasm).with_context(|| format!("{} cannot be read", wasm.display()))?;
    match WasmBinaryType::from_bytes(&bytes) {
        Some(WasmBinaryType::Component) => {}
        Some(WasmBinaryType::Module) => bail!("not a component; build for wasm32-wasip2"),
        None => bail!("neither a Wasm component nor a module of a known version"),
    }
    let engine = engine::new()?;
    let component = Component::from_binary(&engine, &bytes)?;
    check(&engine, &component)?;
    let partial = code.with_extension("partial");
    fs::write(&partial, component.serialize()?)
        .and_then(|()| fs::rename(&partial, code))
        .with_context(|| format!("{} cannot be written", code.display()))?;
    log::info!("compiled {} bytes in {:.1} s", bytes.len(), started.elapsed().as_secs_f64());
    Ok(())
}

pub fn load(engine: &Engine, code: &Path) -> Result<Component> {
    // SAFETY: machine code runs outside the Wasm sandbox. This was written by `compile`, in another container of this pod
    // that ran no guest; the one that runs guests cannot write where it lies (docs/decisions/ says so). Wasmtime refuses
    // that of another version or other settings.
    let component = unsafe { Component::deserialize_file(engine, code) };
    component
        .map_err(anyhow::Error::from)
        .with_context(|| format!("{} is not what this runner compiled", code.display()))
}

/// Before a pod is made of it that cannot serve.
fn check(engine: &Engine, component: &Component) -> Result<()> {
    let ty = component.component_type();
    let exports: Vec<&str> = ty.exports(engine).map(|(name, _)| name).collect();
    match entry::of_component(&exports, "wasi:http/incoming-handler")? {
        Entry::Http => Ok(()),
        Entry::Command | Entry::Function(_) => {
            bail!("the component is a command, not an HTTP handler; build it for the world wasi:http/proxy")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(text: &str) -> Result<Component> {
        let name = format!("runner-{}-{:?}", std::process::id(), std::thread::current().id());
        let dir = std::env::temp_dir().join(name);
        fs::create_dir_all(&dir)?;
        let (wasm, code) = (dir.join("it.wasm"), dir.join("it.code"));
        fs::write(&wasm, wat::parse_str(text).unwrap_or_else(|_| text.as_bytes().to_vec()))?;
        let done = compile(&wasm, &code).and_then(|()| load(&engine::new()?, &code));
        let left = fs::read_dir(&dir)?.count();
        fs::remove_dir_all(&dir)?;
        assert_eq!(left, if done.is_ok() { 2 } else { 1 });
        done
    }

    const HANDLER: &str = r#"(component
        (core module $code (func (export "handle")))
        (core instance $made (instantiate $code))
        (func $handle (canon lift (core func $made "handle")))
        (instance $handler (export "handle" (func $handle)))
        (export "wasi:http/incoming-handler@0.2.10" (instance $handler)))"#;

    #[test]
    fn code_that_was_compiled_is_loaded() {
        compiled(HANDLER).expect("loads");
    }

    #[test]
    fn what_cannot_serve_is_refused_with_what_to_do() {
        let refused = |text: &str| format!("{:#}", compiled(text).err().expect(text));
        assert_eq!(refused("(module)"), "not a component; build for wasm32-wasip2");
        assert!(refused("hello").contains("neither"));
        assert!(refused("(component)").contains("wasi:http/proxy"));
        let command = HANDLER.replace("wasi:http/incoming-handler@0.2.10", "wasi:cli/run@0.2.0");
        assert!(refused(&command).contains("a command"));
    }

    #[test]
    fn code_of_somebody_else_is_refused() {
        let file = std::env::temp_dir().join(format!("runner-else-{}", std::process::id()));
        fs::write(&file, b"\0asm\x0d\0\x01\0").expect("written");
        let message = load(&engine::new().expect("engine"), &file).err().expect("refused").to_string();
        fs::remove_file(&file).expect("removed");
        assert!(message.contains("is not what this runner compiled"), "{message}");
    }
}
