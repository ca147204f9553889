//! Serves a component that exports `wasi:http/incoming-handler`.

mod connections;
mod handler;
pub mod settings;
mod ticks;

use std::sync::Arc;

use anyhow::Result;
use wasmtime::component::InstancePre;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use crate::stop::Stop;
use crate::wasi::{Given, State};
use handler::Handler;
use settings::Settings;
use ticks::Ticks;

/// Returns when a signal has asked for it and the requests that had begun are done.
pub async fn serve(instance: InstancePre<State>, mut given: Given, stop: &Stop) -> Result<i32> {
    let settings = Settings::take(&mut given.env)?;
    let listener = settings.listen()?;
    let component = ProxyPre::new(instance)?;
    let _ticks = Ticks::start(component.engine())?;
    let handler = Arc::new(Handler::new(component, given));
    log::info!("serving HTTP on http://{}/", settings.address);
    connections::accept(listener, handler, stop.serving()).await;
    Ok(stop.code())
}
