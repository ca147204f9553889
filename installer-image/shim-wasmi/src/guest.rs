//! The guest's code: found in the image, and refused if an interpreter of modules cannot run it.

use anyhow::{Context, Result, anyhow, bail};
use containerd_shim_wasm::sandbox::context::{Source, WasmBinaryType};
use wasmi::{Engine, Module};

const WASI: &str = "wasi_snapshot_preview1";

pub fn load(engine: &Engine, source: &Source<'_>) -> Result<Module> {
    let bytes = source.as_bytes().context("the entrypoint's module cannot be read from the image")?;
    parse(engine, &bytes)
}

fn parse(engine: &Engine, bytes: &[u8]) -> Result<Module> {
    if let Some(WasmBinaryType::Component) = WasmBinaryType::from_bytes(bytes) {
        bail!(
            "the entrypoint is a component, and this shim runs modules only (WASI preview 1, no wasi:http). Give the \
             pod the RuntimeClass of a shim that runs components, such as wasmtime, or build it for wasm32-wasip1"
        );
    }
    let module =
        Module::new(engine, bytes).map_err(|err| anyhow!("{err}")).context("the entrypoint is no valid Wasm module")?;
    only_wasi(&module)?;
    Ok(module)
}

/// The linker would say it too, in words for whoever embeds it.
fn only_wasi(module: &Module) -> Result<()> {
    match module.imports().find(|import| import.module() != WASI) {
        None => Ok(()),
        Some(import) => bail!(
            "the module imports {:?} of {:?}, and this shim offers {WASI} only; build it for wasm32-wasip1, without \
             extensions such as sockets or threads",
            import.name(),
            import.module()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    fn refusal(bytes: &[u8]) -> String {
        format!("{:#}", parse(&crate::engine::new(), bytes).expect_err("refused"))
    }

    #[test]
    fn modules_run_in_binary_and_text() {
        for bytes in [&b"\0asm\x01\0\0\0"[..], b"(module)"] {
            parse(&crate::engine::new(), bytes).expect("a module");
        }
    }

    #[test]
    fn a_component_is_sent_to_another_shim() {
        let message = refusal(COMPONENT);
        assert!(message.contains("wasmtime") && message.contains("wasm32-wasip1"), "{message}");
    }

    #[test]
    fn an_import_of_another_host_is_named() {
        let message = refusal(br#"(module (import "wasi_unstable" "fd_write" (func)))"#);
        assert!(message.contains("\"fd_write\" of \"wasi_unstable\""), "{message}");
    }

    #[test]
    fn damage_is_told_from_a_module() {
        assert!(refusal(b"\0asm\x01\0\0\0\xff\xff").contains("no valid Wasm module"));
        assert!(refusal(b"#!/bin/sh").contains("no valid Wasm module"));
    }
}
