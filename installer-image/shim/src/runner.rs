//! Serves a WASI HTTP component in an ordinary container.
//!
//! For references that are nothing but a Wasm artifact, which containerd does not run as a pod's image. The host of HTTP
//! and the policy are the shim's own sources; only what is the shim's business, the container around them, is not here.
//!
//! Two commands, for two containers of a pod: one compiles and may write, the other runs guests and may not.

mod artifact;
#[allow(dead_code)] // what reads a container's specification
mod container;
#[allow(dead_code)] // what runs commands and modules
mod engine;
#[allow(dead_code)] // what decides about modules
mod entry;
mod http;
mod policy;
mod stop;
#[allow(dead_code)] // what commands and modules see
mod wasi;

use std::io::Write;
use std::path::Path;
use std::{env, process};

use anyhow::{Context, Result, bail};
use container::Env;
use policy::Policy;
use stop::Stop;
use wasi::Given;

pub const PROGRAM: &str = "kwasm-runner";

/// What Knative gives a container, and where it then wants to be asked.
const PORT: &str = "PORT";
const PORT_DEFAULT: &str = "8000";

fn main() {
    let _ = log::set_logger(&Log).map(|()| log::set_max_level(log::LevelFilter::Info));
    let args: Vec<String> = env::args().skip(1).collect();
    process::exit(run(&args).unwrap_or_else(|err| {
        eprintln!("{PROGRAM}: {err:#}");
        1
    }));
}

fn run(args: &[String]) -> Result<i32> {
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["compile", wasm, code] => artifact::compile(Path::new(wasm), Path::new(code)).map(|()| 0),
        ["serve", code, ..] => serve(Path::new(code), args[2..].to_vec()),
        _ => bail!("usage: {PROGRAM} compile COMPONENT.wasm CODE | {PROGRAM} serve CODE [ARGUMENT...]"),
    }
}

fn serve(code: &Path, args: Vec<String>) -> Result<i32> {
    let stop = Stop::listen().context("signals cannot be handled")?;
    let mut env: Env =
        env::vars_os().filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?))).collect();
    let policy = Policy::take(&mut env)?;
    listen_where_asked(&mut env);
    let engine = engine::new()?;
    let component = artifact::load(&engine, code)?;
    let instance = wasi::linker(&engine)?.instantiate_pre(&component)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(http::serve(instance, Given { args, env, policy }, &stop))
}

/// By the shim's own variable where there is one. The guest sees neither.
fn listen_where_asked(env: &mut Env) {
    let mut port = PORT_DEFAULT.to_owned();
    env.retain_mut(|(key, value)| {
        let ours = key == PORT;
        if ours {
            port = std::mem::take(value);
        }
        !ours
    });
    if !env.iter().any(|(key, _)| key == http::settings::ADDRESS) {
        env.push((http::settings::ADDRESS.to_owned(), format!("0.0.0.0:{port}")));
    }
}

/// To the container's log, as it comes.
struct Log;

impl log::Log for Log {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with("kwasm_runner") || metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let _ = writeln!(std::io::stderr(), "{PROGRAM}: {}", record.args());
        }
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listening(given: &[(&str, &str)]) -> Vec<String> {
        let mut env = given.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        listen_where_asked(&mut env);
        env.iter().map(|(key, value)| format!("{key}={value}")).collect()
    }

    #[test]
    fn listens_on_the_port_that_it_is_given() {
        assert_eq!(listening(&[]), ["WASMTIME_HTTP_PROXY_SOCKET_ADDR=0.0.0.0:8000"]);
        assert_eq!(listening(&[(PORT, "8080"), ("A", "b")]), ["A=b", "WASMTIME_HTTP_PROXY_SOCKET_ADDR=0.0.0.0:8080"]);
        assert_eq!(
            listening(&[(http::settings::ADDRESS, "[::]:1"), (PORT, "2")]),
            ["WASMTIME_HTTP_PROXY_SOCKET_ADDR=[::]:1"]
        );
    }

    #[test]
    fn says_how_it_is_called() {
        for args in [&[][..], &["serve"], &["compile", "a"], &["run", "a"]] {
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            assert!(run(&args).unwrap_err().to_string().contains("usage"), "{args:?}");
        }
    }
}
