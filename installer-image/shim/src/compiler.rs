//! Ahead-of-time compilation of Wasm layers.
//!
//! In the shim process on the node, before there is a container (ahead.rs; containerd-shim-wasm asks for what that left). The code is kept in
//! containerd's content store, where no guest can write, and what containerd-shim-wasm gets is a ticket for it (kept.rs).
//! Only images of the Wasm OCI layout get here; a module
//! that is a file of the image is compiled in its container at each start (docs/decisions/ says why).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use anyhow::{Context, Result};
use containerd_shim_wasm::sandbox::context::{WasmBinaryType, WasmLayer};
use containerd_shim_wasm::shim::Compiler;
use wasmtime::Engine;

use crate::guest::give_back_memory;
use crate::kept::Store;

/// What an earlier release of this shim kept was the code itself.
const FORM: &str = "ticket";

pub struct LayerCompiler {
    engine: Engine,
    /// None: the code itself is returned, and each pod has it in its own memory.
    store: Option<Store>,
}

impl LayerCompiler {
    pub async fn new() -> Result<Self> {
        let engine = crate::engine::new()?;
        let store =
            Store::connect().await.inspect_err(|err| log::warn!("code is not shared between pods: {err:#}")).ok();
        Ok(Self { engine, store })
    }

    async fn keep(&self, code: Vec<u8>, layer: &str) -> Vec<u8> {
        let Some(store) = &self.store else {
            return code;
        };
        let code = Arc::new(code);
        match store.keep(&code, layer).await {
            Ok(digest) => digest.ticket(),
            Err(err) => {
                log::warn!("code is not shared between pods: {err:#}");
                Arc::unwrap_or_clone(code)
            }
        }
    }
}

/// None: there is nothing to compile.
pub fn compile(engine: &Engine, bytes: &[u8]) -> Result<Option<Vec<u8>>> {
    let compiled = match WasmBinaryType::from_bytes(bytes) {
        Some(WasmBinaryType::Module) => engine.precompile_module(bytes),
        Some(WasmBinaryType::Component) => engine.precompile_component(bytes),
        // Not Wasm, or compiled by an earlier start: the layer is used as it is.
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

    async fn compile(&self, layers: &[WasmLayer]) -> Result<Vec<Option<Vec<u8>>>> {
        let mut kept = Vec::with_capacity(layers.len());
        for layer in layers {
            let code = compile(&self.engine, &layer.layer)
                .with_context(|| format!("layer {} is not valid WebAssembly", layer.config.digest()))?;
            kept.push(match code {
                Some(code) => Some(self.keep(code, layer.config.digest().as_ref()).await),
                None => None,
            });
        }
        give_back_memory();
        Ok(kept)
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
