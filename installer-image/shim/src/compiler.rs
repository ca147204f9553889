//! Ahead-of-time compilation of Wasm layers.
//!
//! Before there is a container (ahead.rs), in a process apart (apart.rs). The code is kept in containerd's content
//! store, where no guest can write, and what containerd-shim-wasm finds there is a ticket for it (kept.rs). Only images
//! of the Wasm OCI layout get here; a module that is a file of the image is compiled in its container at each start
//! (docs/decisions/ says why).

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::FileExt;

use anyhow::{Result, bail};
use containerd_shim_wasm::sandbox::context::{WasmBinaryType, WasmLayer};
use containerd_shim_wasm::shim::Compiler;
use wasmtime::Engine;

/// What an earlier release of this shim kept was the code itself.
const FORM: &str = "ticket";

/// What containerd-shim-wasm would compile with, in the shim itself.
pub struct LayerCompiler {
    engine: Engine,
}

impl LayerCompiler {
    pub fn new() -> Result<Self> {
        Ok(Self { engine: crate::engine::new()? })
    }
}

/// By its first bytes. Not so what an earlier start compiled: that layer is used as it is.
pub fn is_wasm(layer: &File) -> io::Result<bool> {
    let mut head = [0; 8];
    match layer.read_exact_at(&mut head, 0) {
        Ok(()) => Ok(WasmBinaryType::from_bytes(&head).is_some()),
        Err(err) if err.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(err) => Err(err),
    }
}

/// None: there is nothing to compile.
pub fn compile(engine: &Engine, bytes: &[u8]) -> Result<Option<Vec<u8>>> {
    let compiled = match WasmBinaryType::from_bytes(bytes) {
        Some(WasmBinaryType::Module) => engine.precompile_module(bytes),
        Some(WasmBinaryType::Component) => engine.precompile_component(bytes),
        None => return Ok(None),
    };
    Ok(Some(compiled?))
}

/// By which containerd-shim-wasm 1.0.1 finds again what came of a layer: a label of the layer, and of the image's manifest.
pub fn label(engine: &Engine) -> String {
    let mut hasher = DefaultHasher::new();
    key(engine).hash(&mut hasher);
    format!("runwasi.io/precompiled/wasmtime/{}", hasher.finish())
}

/// Covers Wasmtime's version, its settings and the processor's features: compiled code is never used by an engine that
/// it was not made for.
fn key(engine: &Engine) -> impl Hash {
    (FORM, engine.precompile_compatibility_hash())
}

impl Compiler for LayerCompiler {
    fn cache_key(&self) -> impl Hash {
        key(&self.engine)
    }

    /// Only what ahead.rs left, and that not here, where nothing bounds it: containerd-shim-wasm takes the refusal for
    /// what it is and gives the layer to the container, which compiles it within the limits of its pod.
    async fn compile(&self, layers: &[WasmLayer]) -> Result<Vec<Option<Vec<u8>>>> {
        if let Some(layer) = layers.iter().find(|layer| WasmBinaryType::from_bytes(&layer.layer).is_some()) {
            bail!("layer {} was not compiled ahead: its container compiles it", layer.config.digest());
        }
        Ok(layers.iter().map(|_| None).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiles_modules_and_components_for_the_engine_that_runs_them() {
        let engine = crate::engine::new().expect("engine");
        let module = wat::parse_str("(module (func (export \"_start\")))").expect("wat");
        let component = wat::parse_str("(component)").expect("wat");
        let module = compile(&crate::engine::new().expect("engine"), &module).expect("compiles").expect("some");
        let component = compile(&crate::engine::new().expect("engine"), &component).expect("compiles").expect("some");
        // SAFETY: both were compiled two lines above.
        unsafe {
            wasmtime::Module::deserialize(&engine, module).expect("same settings");
            wasmtime::component::Component::deserialize(&engine, component).expect("same settings");
        }
    }

    #[test]
    fn leaves_other_layers_alone() {
        let engine = crate::engine::new().expect("engine");
        assert!(compile(&engine, b"[wasm]\nkey = 1\n").expect("not an error").is_none());
    }

    #[test]
    fn wasm_is_told_by_its_first_bytes() {
        let path = std::env::temp_dir().join(format!("shim-is-wasm-{}", std::process::id()));
        let cases: [(&[u8], bool); 5] = [
            (b"\0asm\x01\0\0\0rest", true),
            (b"\0asm\x0d\0\x01\0", true),
            (b"\0asm", false),
            (b"kwasm-code:sha256:", false),
            (b"", false),
        ];
        for (bytes, wasm) in cases {
            std::fs::write(&path, bytes).expect("written");
            assert_eq!(is_wasm(&File::open(&path).expect("opened")).expect("read"), wasm, "{bytes:?}");
        }
        std::fs::remove_file(path).expect("removed");
    }

    #[test]
    fn refuses_a_damaged_module() {
        assert!(compile(&crate::engine::new().expect("engine"), b"\0asm\x01\0\0\0\xff\xff").is_err());
    }

    #[test]
    fn has_the_same_label_in_every_process_of_one_build() {
        let labels = [0, 1].map(|_| label(&crate::engine::new().expect("engine")));
        assert_eq!(labels[0], labels[1]);
        let number = labels[0].rsplit('/').next().expect("some");
        assert!(number.parse::<u64>().is_ok(), "{number}");
    }
}
