//! The guest's code: found in the image, compiled or revived.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use containerd_shim_wasm::sandbox::context::{Source, WasmBinaryType};
use wasmtime::component::Component;
use wasmtime::{Engine, Module, Precompiled};

use crate::kept::{self, Blobs, Code, Digest};

pub enum Guest {
    Module(Module),
    Component(Component),
}

pub fn load(engine: &Engine, source: &Source<'_>) -> Result<Guest> {
    // Whatever the guest is: the store of the node is closed when this returns.
    let blobs = kept::take_blobs();
    let bytes = source.as_bytes().context("the entrypoint's module cannot be read from the image")?;
    if source.is_precompiled()? {
        return match Digest::of_ticket(&bytes) {
            Some(digest) => revive_kept(engine, &digest, blobs),
            None => revive(engine, &bytes),
        };
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

fn revive_kept(engine: &Engine, digest: &Digest, blobs: Option<Blobs>) -> Result<Guest> {
    let blobs = blobs.context("containerd's content store was not found on this node")?;
    let code = blobs.code(digest).context(
        "the layer's compiled code is not in containerd's content store; remove the image from the node and pull it again",
    )?;
    match code {
        Code::Copied(bytes) => revive(engine, &bytes),
        Code::Mapped(_file, path) => map(engine, &path).or_else(|err| {
            log::warn!("code is not shared between pods: {err:#}");
            revive(engine, &fs::read(path)?)
        }),
    }
}

/// Pages that nobody writes to are in the node's memory once for all pods.
fn map(engine: &Engine, path: &Path) -> Result<Guest> {
    // SAFETY: as in `revive`. The file stays what it is while it is mapped: containerd never writes to a blob again, and
    // it was opened by way of a mount that nobody can write through.
    unsafe {
        match Engine::detect_precompiled_file(path)? {
            Some(Precompiled::Module) => Ok(Guest::Module(Module::deserialize_file(engine, path)?)),
            Some(Precompiled::Component) => Ok(Guest::Component(Component::deserialize_file(engine, path)?)),
            None => bail!("it is no compiled code"),
        }
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
    fn code_in_a_file_runs_from_there() {
        let file = std::env::temp_dir().join(format!("shim-guest-{}", std::process::id()));
        for (text, module) in [("(module)", true), ("(component)", false)] {
            let binary = wat::parse_str(text).expect("wat");
            let engine = engine();
            let compiled =
                if module { engine.precompile_module(&binary) } else { engine.precompile_component(&binary) };
            fs::write(&file, compiled.expect("compiles")).expect("written");
            let guest = map(&engine, &file).expect("maps");
            assert_eq!(matches!(guest, Guest::Module(_)), module, "{text}");
        }
        fs::write(&file, b"\0asm\x01\0\0\0").expect("written");
        assert!(map(&engine(), &file).is_err());
        fs::remove_file(&file).expect("removed");
    }

    #[test]
    fn a_ticket_without_a_store_says_so() {
        let message = revive_kept(&engine(), &Digest::of(b""), None).err().expect("refused").to_string();
        assert!(message.contains("content store"), "{message}");
    }

    #[test]
    fn a_damaged_compiled_layer_says_what_to_do() {
        let message = revive(&engine(), b"garbage").err().expect("refused").to_string();
        assert!(message.contains("pull the image again"), "{message}");
    }
}
