//! Layers are compiled before the container is made that they are for.
//!
//! The kubelet gives the start of a container two minutes. containerd-shim-wasm compiles within that call: what took
//! longer failed, the compilation went on, and the kubelet's next try began another one beside it. Here a layer is
//! compiled once on a node, by whichever shim comes first, and a call whose time runs out is told that a later one will
//! find what came of it. All is kept in containerd-shim-wasm's own way, so that it finds the code and compiles nothing.

mod image;

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{env, fmt, thread};

use anyhow::{Context, Result};
use tokio::runtime;
use wasmtime::Engine;

use crate::guest::give_back_memory;
use crate::kept::{self, Digest, Labels, Store};
use crate::{compiler, engine};

/// The call's time is over. The compilation goes on as long as this shim lives, and so as long as its pod.
#[derive(Debug)]
pub struct StillCompiling(Duration);

impl fmt::Display for StillCompiling {
    /// The kubelet shows it to people, and the operator and `kwasm func` know it by these words (src/contract.ts).
    fn fmt(&self, into: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        write!(into, "WebAssembly is still being compiled on this node after {seconds} s; a later start finds it done")
    }
}

/// Ends well also where nothing could be compiled: making the container shows what is wrong.
pub fn ready(container: String, patience: Option<Duration>) -> Result<(), StillCompiling> {
    within(patience, move || {
        if let Err(err) = compile(&container) {
            log::warn!("{container} is not compiled ahead: {err:#}");
        }
    })
}

fn within(patience: Option<Duration>, work: impl FnOnce() + Send + 'static) -> Result<(), StillCompiling> {
    let began = Instant::now();
    let (done, ended) = mpsc::channel::<()>();
    thread::spawn(move || {
        let _dropped_at_the_end = done;
        work();
    });
    let Some(patience) = patience else {
        let _ = ended.recv();
        return Ok(());
    };
    match ended.recv_timeout(patience) {
        Err(RecvTimeoutError::Timeout) => Err(StillCompiling(began.elapsed())),
        _ => Ok(()),
    }
}

fn compile(container: &str) -> Result<()> {
    let blobs = kept::directory_of(&env::current_dir()?).context("containerd's content store")?;
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let store = Store::connect().await?;
        let manifest = store.manifest_of(container).await?;
        let layers = image::wasm_layers(&blobs, &manifest)?;
        if layers.is_empty() {
            return Ok(());
        }
        let engine = engine::new()?;
        let made = Made { label: compiler::label(&engine), store };
        for (index, layer) in layers.iter().enumerate() {
            let file = blobs.join(layer.file());
            if made.has(layer).await? {
                continue;
            }
            let _turn = Turn::wait_for(&file)?;
            // By whoever had the turn before.
            if !made.has(layer).await? {
                compile_layer(&engine, &made, index, layer, &file).await?;
            }
        }
        made.store.label(&manifest, [(made.label, "true".to_owned())].into()).await
    })
}

async fn compile_layer(engine: &Engine, made: &Made, index: usize, layer: &Digest, file: &Path) -> Result<()> {
    let began = Instant::now();
    let bytes = fs::read(file)?;
    let Some(code) = compiler::compile(engine, &bytes)? else {
        return Ok(());
    };
    log::info!("compiled {} bytes of {} in {:.1} s", bytes.len(), layer.as_str(), began.elapsed().as_secs_f64());
    drop(bytes);
    let ticket = made.store.keep(&Arc::new(code), layer.as_str()).await?.ticket();
    give_back_memory();
    made.keep(index, layer, ticket).await
}

/// What containerd has of what was compiled, as containerd-shim-wasm 1.0.1 writes and finds it.
struct Made {
    label: String,
    store: Store,
}

impl Made {
    async fn has(&self, layer: &Digest) -> Result<bool> {
        Ok(self.store.labels(layer.as_str()).await?.contains_key(&self.label))
    }

    /// In this order: it is referred to before it is there, so that it is not collected, and there before it is looked for.
    async fn keep(&self, index: usize, layer: &Digest, ticket: Vec<u8>) -> Result<()> {
        let digest = Digest::of(&ticket);
        let named = |key: String| Labels::from([(key, digest.as_str().to_owned())]);
        let referred = format!("containerd.io/gc.ref.content.precompile.{index}");
        self.store.label(layer.as_str(), named(referred)).await?;
        let of = Labels::from([(format!("{}/original", self.label), layer.as_str().to_owned())]);
        self.store.write(&Arc::new(ticket), &digest, of).await?;
        self.store.label(layer.as_str(), named(self.label.clone())).await
    }
}

/// One shim of a node compiles a layer at a time. The lock is on the layer's own file, which pods do not see; the kernel
/// takes it from a process that dies.
struct Turn(#[expect(dead_code, reason = "open as long as the turn lasts")] File);

impl Turn {
    fn wait_for(file: &Path) -> io::Result<Self> {
        let file = File::open(file)?;
        loop {
            match file.lock() {
                Ok(()) => return Ok(Self(file)),
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_call_that_may_not_wait_longer_is_told_and_the_work_goes_on() {
        let (go, told) = mpsc::channel::<()>();
        let finished = Arc::new(AtomicBool::new(false));
        let seen = finished.clone();
        let work = move || {
            told.recv().expect("told");
            seen.store(true, Ordering::SeqCst);
        };
        let message = within(Some(Duration::from_millis(20)), work).expect_err("too long").to_string();
        assert!(message.contains("still being compiled on this node"), "{message}");
        go.send(()).expect("it waits");
        while !finished.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn what_ends_in_time_is_no_news_whatever_came_of_it() {
        for patience in [None, Some(Duration::from_secs(60))] {
            within(patience, || {}).expect("in time");
            within(patience, || panic!("a bug")).expect("the container is made all the same");
        }
    }

    #[test]
    fn without_containerd_nothing_is_in_the_way() {
        ready("c0".to_owned(), Some(Duration::from_secs(60))).expect("goes on");
    }

    #[test]
    fn a_layer_is_compiled_by_one_at_a_time() {
        let file = env::temp_dir().join(format!("shim-turn-{}", std::process::id()));
        fs::write(&file, b"layer").expect("written");
        let first = Turn::wait_for(&file).expect("free");
        let (got, second) = mpsc::channel();
        let waiting = thread::spawn({
            let file = file.clone();
            move || got.send(Turn::wait_for(&file).is_ok())
        });
        assert!(second.recv_timeout(Duration::from_millis(50)).is_err(), "it waits");
        drop(first);
        assert_eq!(second.recv_timeout(Duration::from_secs(10)), Ok(true));
        waiting.join().expect("joined").expect("sent");
        fs::remove_file(file).expect("removed");
    }
}
