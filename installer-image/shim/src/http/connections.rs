//! Accepts connections until told to stop, then lets them finish.

use std::io::ErrorKind;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wasmtime_wasi_http::io::TokioIo;

use super::handler::Handler;

/// Out of file descriptors, most likely: connections have to end before the next one fits.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

pub async fn accept(listener: TcpListener, handler: Arc<Handler>, stop: CancellationToken) {
    let open = TaskTracker::new();
    while let Some(stream) = next(&listener, &stop).await {
        open.spawn(serve(stream, handler.clone(), stop.clone()));
    }
    // New connections are refused from here on, so that clients turn to another pod.
    drop(listener);
    open.close();
    open.wait().await;
    handler.finished().await;
}

async fn next(listener: &TcpListener, stop: &CancellationToken) -> Option<TcpStream> {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return None,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => return Some(stream),
            // The client went away between its knock and our answer.
            Err(err) if matches!(err.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
            Err(err) => {
                log::error!("cannot accept a connection: {err}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, handler: Arc<Handler>, stop: CancellationToken) {
    // Answers are small and complete: waiting for more to fill a packet only adds delay.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let handler = handler.clone();
        async move { handler.answer(request).await }
    });
    let mut connection = pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(err) = ended {
        log::debug!("a connection broke: {err}");
    }
}
