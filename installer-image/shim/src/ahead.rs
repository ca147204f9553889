//! Layers are compiled before the container is made that they are for.
//!
//! The kubelet gives the start of a container two minutes. containerd-shim-wasm compiles within that call: what took
//! longer failed, the compilation went on, and the kubelet's next try began another one beside it. Here a layer is
//! compiled once on a node, by whichever shim comes first, and a call whose time runs out is told that a later one will
//! find what came of it. All is kept in containerd-shim-wasm's own way, so that it finds the code and compiles nothing.
//!
//! What an image may ask of its node for that is bounded: how large its layers are, how many are compiled at a time, and,
//! in a process apart (apart.rs), memory and time. What is beyond them is refused; its container is not made.

mod image;

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{env, fmt, thread};

use anyhow::{Context, Result};
use tokio::runtime;

use crate::apart::{self, Failure};
use crate::kept::{self, Digest, Labels, Store};
use crate::{compiler, engine};

/// Of all Wasm layers of an image together. A JavaScript engine has 13 MB, and a node compiles 50 MB in minutes.
const LAYERS_BYTES_MAX: u64 = 256 << 20;
/// Layers that are compiled at one time on a node.
const PLACES: usize = 2;
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Why a container is not made. The kubelet shows it to people.
#[derive(Debug, PartialEq)]
pub enum NotMade {
    /// The call's time is over. The compilation goes on as long as this shim lives, and so as long as its pod.
    StillCompiling(Duration),
    Refused(Refused),
}

/// What no later start would do otherwise, or only at the node's cost.
#[derive(Debug, PartialEq)]
pub struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, into: &mut fmt::Formatter<'_>) -> fmt::Result {
        into.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl fmt::Display for NotMade {
    fn fmt(&self, into: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The operator and `kwasm func` know it by these words (src/contract.ts).
            Self::StillCompiling(after) => write!(
                into,
                "WebAssembly is still being compiled on this node after {} s; a later start finds it done",
                after.as_secs()
            ),
            Self::Refused(refused) => refused.fmt(into),
        }
    }
}

/// Ends well also where nothing could be compiled for another reason: making the container shows what is wrong. It
/// compiles for itself then, within the limits of its pod.
pub fn ready(container: String, patience: Option<Duration>) -> Result<(), NotMade> {
    within(patience, move || {
        let Err(err) = compile(&container) else {
            return Ok(());
        };
        match err.downcast::<Refused>() {
            Ok(refused) => Err(refused),
            Err(err) => {
                log::warn!("{container} is not compiled ahead: {err:#}");
                Ok(())
            }
        }
    })
}

fn within(
    patience: Option<Duration>,
    work: impl FnOnce() -> Result<(), Refused> + Send + 'static,
) -> Result<(), NotMade> {
    let began = Instant::now();
    let (done, ended) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    let ended = match patience {
        Some(patience) => ended.recv_timeout(patience),
        None => ended.recv().map_err(|_| RecvTimeoutError::Disconnected),
    };
    match ended {
        Ok(ended) => ended.map_err(NotMade::Refused),
        Err(RecvTimeoutError::Timeout) => Err(NotMade::StillCompiling(began.elapsed())),
        // A bug of ours is in nobody's way.
        Err(RecvTimeoutError::Disconnected) => Ok(()),
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
        check_size(&blobs, &layers)?;
        let made = Made { label: compiler::label(&engine::new()?), store };
        for (index, layer) in layers.iter().enumerate() {
            let file = blobs.join(layer.file());
            if made.has(layer).await? {
                continue;
            }
            let _turn = Turn::wait_for(&file)?;
            // By whoever had the turn before.
            if !made.has(layer).await? {
                compile_layer(&made, index, layer, &blobs).await?;
            }
        }
        made.store.label(&manifest, [(made.label, "true".to_owned())].into()).await
    })
}

fn check_size(blobs: &Path, layers: &[Digest]) -> Result<()> {
    let sizes = layers.iter().map(|layer| Ok(fs::metadata(blobs.join(layer.file()))?.len()));
    let bytes = sizes.sum::<Result<u64>>()?;
    if bytes <= LAYERS_BYTES_MAX {
        return Ok(());
    }
    let (has, most) = (bytes >> 20, LAYERS_BYTES_MAX >> 20);
    Err(Refused(format!("the image has {has} MiB of WebAssembly; at most {most} MiB are compiled")).into())
}

async fn compile_layer(made: &Made, index: usize, layer: &Digest, blobs: &Path) -> Result<()> {
    let file = File::open(blobs.join(layer.file()))?;
    if !compiler::is_wasm(&file)? {
        return Ok(());
    }
    let bytes = file.metadata()?.len();
    let place = Place::wait_for(blobs)?;
    let began = Instant::now();
    let code = apart::compile(file).map_err(|failure| not_compiled(layer, &failure))?;
    drop(place);
    log::info!("compiled {bytes} bytes of {} in {:.1} s", layer.as_str(), began.elapsed().as_secs_f64());
    let ticket = made.store.keep(&Arc::new(code), layer.as_str()).await?.ticket();
    made.keep(index, layer, ticket).await
}

fn not_compiled(layer: &Digest, failure: &Failure) -> anyhow::Error {
    let what = format!("layer {}: {failure}", layer.as_str());
    match failure {
        Failure::Ended { .. } => Refused(what).into(),
        // Of a module that no compiler takes, the container's log says more.
        Failure::Invalid(_) | Failure::Io(_) => anyhow::Error::msg(what),
    }
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

/// One of those that compile on this node, by whichever shim. The lock is on a directory that containerd's content store
/// has anyway.
struct Place(#[expect(dead_code, reason = "open as long as it compiles")] File);

impl Place {
    fn wait_for(blobs: &Path) -> io::Result<Self> {
        let directories: Vec<PathBuf> = blobs.ancestors().take(PLACES).map(Path::to_owned).collect();
        loop {
            for directory in &directories {
                let directory = File::open(directory)?;
                match directory.try_lock() {
                    Ok(()) => return Ok(Self(directory)),
                    Err(TryLockError::WouldBlock) => {}
                    Err(TryLockError::Error(err)) => return Err(err),
                }
            }
            thread::sleep(LOOK_AGAIN);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let directory = env::temp_dir().join(format!("shim-ahead-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("made");
        directory
    }

    #[test]
    fn a_call_that_may_not_wait_longer_is_told_and_the_work_goes_on() {
        let (go, told) = mpsc::channel::<()>();
        let finished = Arc::new(AtomicBool::new(false));
        let seen = finished.clone();
        let work = move || {
            told.recv().expect("told");
            seen.store(true, Ordering::SeqCst);
            Ok(())
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
            within(patience, || Ok(())).expect("in time");
            within(patience, || panic!("a bug")).expect("the container is made all the same");
            let refused = || Refused("too large".to_owned());
            assert_eq!(within(patience, move || Err(refused())), Err(NotMade::Refused(refused())));
        }
    }

    #[test]
    fn a_module_that_needs_too_much_is_refused_and_one_that_nobody_compiles_is_for_its_container() {
        let layer = Digest::of(b"layer");
        let ended = Failure::Ended { bounds: "so much".to_owned(), last_words: "no memory".to_owned() };
        let refused = not_compiled(&layer, &ended).downcast::<Refused>().expect("refused").to_string();
        assert!(refused.starts_with(&format!("layer {}: ", layer.as_str())), "{refused}");
        assert!(refused.ends_with("so much (no memory)"), "{refused}");
        assert!(not_compiled(&layer, &Failure::Invalid("odd".to_owned())).downcast::<Refused>().is_err());
    }

    #[test]
    fn all_layers_together_are_bounded() {
        let blobs = scratch("sizes");
        let layers = [Digest::of(b"one"), Digest::of(b"two")];
        let set = |layer: &Digest, bytes| {
            let file = File::create(blobs.join(layer.file())).expect("made");
            file.set_len(bytes).expect("sparse");
        };
        layers.iter().for_each(|layer| set(layer, LAYERS_BYTES_MAX / 2));
        check_size(&blobs, &layers).expect("just so");
        set(&layers[1], LAYERS_BYTES_MAX / 2 + 1);
        assert!(check_size(&blobs, &layers).expect_err("too large").is::<Refused>());
        fs::remove_dir_all(blobs).expect("removed");
    }

    #[test]
    fn so_many_compile_at_a_time_and_who_ends_makes_room() {
        let blobs = scratch("places").join("blobs/sha256");
        fs::create_dir_all(&blobs).expect("made");
        let mut taken: Vec<Place> = (0..PLACES).map(|_| Place::wait_for(&blobs).expect("free")).collect();
        let (got, next) = mpsc::channel();
        let waiting = thread::spawn({
            let blobs = blobs.clone();
            move || got.send(Place::wait_for(&blobs).is_ok())
        });
        assert!(next.recv_timeout(LOOK_AGAIN * 2).is_err(), "it waits");
        drop(taken.pop());
        assert_eq!(next.recv_timeout(Duration::from_secs(10)), Ok(true));
        waiting.join().expect("joined").expect("sent");
        fs::remove_dir_all(scratch("places")).expect("removed");
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
