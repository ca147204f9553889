//! The guest's code: found in the image, compiled or revived.

use anyhow::{Context, Result, bail};
use containerd_shim_wasm::sandbox::context::{Source, WasmBinaryType};
use wasmtime::component::Component;
use wasmtime::{Engine, Module, Precompiled};

pub enum Guest {
    Module(Module),
    Component(Component),
}

pub fn load(engine: &Engine, source: &Source<'_>) -> Result<Guest> {
    let bytes = source.as_bytes().context("the entrypoint's module cannot be read from the image")?;
    if source.is_precompiled()? {
        return revive(engine, &bytes);
    }
    let guest = compile(engine, &bytes);
    drop(bytes);
    give_back_memory();
    guest
}

/// Compiling takes some 30 times the module's size, which the allocator would keep: it would count as the pod's for ever.
fn give_back_memory() {
    // SAFETY: it may be called at any time, from any thread.
    unsafe { libc::malloc_trim(0) };
}

fn compile(engine: &Engine, bytes: &[u8]) -> Result<Guest> {
    // The text format passes containerd-shim-wasm's check of the entrypoint, so it has to run, too.
    let bytes = wat::parse_bytes(bytes).context("the entrypoint is neither a Wasm binary nor Wasm text")?;
    match WasmBinaryType::from_bytes(&bytes) {
        Some(WasmBinaryType::Module) => Ok(Guest::Module(Module::from_binary(engine, &bytes)?)),
        Some(WasmBinaryType::Component) => Ok(Guest::Component(Component::from_binary(engine, &bytes)?)),
        None => bail!("the entrypoint is neither a Wasm module nor a component of a known version"),
    }
}

/// Only what containerd-shim-wasm itself marks as precompiled comes here. Upstream's shim also accepts machine code
/// that came with an image; we do not, because such an image would run outside the Wasm sandbox.
fn revive(engine: &Engine, bytes: &[u8]) -> Result<Guest> {
    // SAFETY: the bytes were compiled by this node's shim and kept in containerd's content store, which only root
    // writes; Wasmtime refuses those of another version or configuration.
    unsafe {
        match Engine::detect_precompiled(bytes) {
            Some(Precompiled::Module) => Ok(Guest::Module(Module::deserialize(engine, bytes)?)),
            Some(Precompiled::Component) => Ok(Guest::Component(Component::deserialize(engine, bytes)?)),
            None => bail!("the compiled layer in containerd's content store is damaged; pull the image again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine() -> Engine {
        crate::engine::new().expect("engine")
    }

    #[test]
    fn tells_modules_from_components_in_binary_and_text() {
        for text in ["(module)", "(component)"] {
            let binary = wat::parse_str(text).expect("wat");
            for bytes in [text.as_bytes(), &binary] {
                let guest = compile(&engine(), bytes).expect("compiles");
                assert_eq!(matches!(guest, Guest::Module(_)), text == "(module)", "{text}");
            }
        }
    }

    #[test]
    fn machine_code_in_an_image_is_refused() {
        let code = engine().precompile_module(b"\0asm\x01\0\0\0").expect("compiles");
        assert!(compile(&engine(), &code).is_err());
        assert!(revive(&engine(), &code).is_ok());
    }

    #[test]
    fn a_damaged_compiled_layer_says_what_to_do() {
        let message = revive(&engine(), b"garbage").err().expect("refused").to_string();
        assert!(message.contains("pull the image again"), "{message}");
    }
}
