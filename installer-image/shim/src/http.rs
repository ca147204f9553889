//! Serves a component that exports `wasi:http/incoming-handler`.

mod connections;
mod handler;
pub mod settings;
mod ticks;

use std::sync::Arc;

use anyhow::Result;
use wasmtime::component::InstancePre;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use crate::container::Env;
use crate::policy::Policy;
use crate::stop::Stop;
use crate::wasi::State;
use handler::Handler;
use settings::Settings;
use ticks::Ticks;

/// Returns when a signal has asked for it and the requests that had begun are done.
pub async fn serve(instance: InstancePre<State>, mut env: Env, policy: Policy, stop: &Stop) -> Result<i32> {
    let settings = Settings::take(&mut env)?;
    let listener = settings.listen()?;
    let component = ProxyPre::new(instance)?;
    let _ticks = Ticks::start(component.engine())?;
    let handler = Arc::new(Handler::new(component, env, policy));
    log::info!("serving HTTP on http://{}/", settings.address);
    connections::accept(listener, handler, stop.serving()).await;
    Ok(stop.code())
}
