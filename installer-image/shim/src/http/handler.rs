//! Answers one request with a fresh instance of the component.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode, header};
use tokio::sync::{Semaphore, oneshot};
use tokio_util::task::TaskTracker;
use wasmtime::Store;
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

use crate::wasi::{self, Given, State};

/// Instances alive at one time; further requests wait. Upstream's shim has the same number from Wasmtime's pool.
const INSTANCES_MAX: usize = 1000;

type Answer = Response<HyperOutgoingBody>;

pub struct Handler {
    component: ProxyPre<State>,
    given: Given,
    last_id: AtomicU64,
    instances: Arc<Semaphore>,
    running: TaskTracker,
}

impl Handler {
    pub fn new(component: ProxyPre<State>, given: Given) -> Self {
        Self {
            component,
            given,
            last_id: AtomicU64::new(0),
            instances: Arc::new(Semaphore::new(INSTANCES_MAX)),
            running: TaskTracker::new(),
        }
    }

    /// A guest's failure is an answer, too: the client is told 500, the pod's log why.
    pub async fn answer(&self, request: Request<Incoming>) -> Result<Answer, Infallible> {
        if request.uri().authority().is_none() && !request.headers().contains_key(header::HOST) {
            return Ok(plain(StatusCode::BAD_REQUEST, "the request has no Host header\n"));
        }
        let id = self.last_id.fetch_add(1, Ordering::Relaxed);
        Ok(self.call(id, request).await.unwrap_or_else(|err| {
            eprintln!("{}: request {id} failed: {err:#}", crate::PROGRAM);
            if err.is::<Late>() {
                return plain(StatusCode::GATEWAY_TIMEOUT, "the component took too long\n");
            }
            plain(StatusCode::INTERNAL_SERVER_ERROR, "the component failed; see the pod's log\n")
        }))
    }

    /// A guest may go on working after it has answered; the process waits for it before it exits.
    pub async fn finished(&self) {
        self.running.close();
        self.running.wait().await;
    }

    async fn call(&self, id: u64, request: Request<Incoming>) -> wasmtime::Result<Answer> {
        let permit = self.instances.clone().acquire_owned().await?;
        let component = self.component.clone();
        let mut store = Store::new(component.engine(), wasi::request(&self.given, id));
        store.limiter(|state| &mut state.limits);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        let (sender, answer) = oneshot::channel();
        let request = store.data_mut().http().new_incoming_request(Scheme::Http, request)?;
        let outparam = store.data_mut().http().new_response_outparam(sender)?;
        let guest = async move {
            let _permit = permit;
            let proxy = component.instantiate_async(&mut store).await?;
            proxy.wasi_http_incoming_handler().call_handle(&mut store, request, outparam).await
        };
        let guest = self.running.spawn(in_time(self.given.policy.request_max, guest));
        match answer.await {
            Ok(answer) => Ok(answer?),
            // The store, and with it the sender, is gone: the guest has ended without an answer.
            Err(_) => match guest.await? {
                Ok(()) => wasmtime::bail!("the component returned without setting a response"),
                Err(err) => Err(err),
            },
        }
    }
}

/// A request's deadline has passed. Its instance is gone with all that it held; others go on.
#[derive(Debug)]
struct Late(Duration);

impl std::error::Error for Late {}

impl fmt::Display for Late {
    fn fmt(&self, into: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(into, "it took longer than the {:?} that the policy allows", self.0)
    }
}

async fn in_time(max: Option<Duration>, guest: impl Future<Output = wasmtime::Result<()>>) -> wasmtime::Result<()> {
    match max {
        None => guest.await,
        Some(max) => tokio::time::timeout(max, guest).await.unwrap_or_else(|_| Err(Late(max).into())),
    }
}

fn plain(status: StatusCode, text: &'static str) -> Answer {
    let body = Full::from(text).map_err(|never| match never {}).boxed_unsync();
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer
}
