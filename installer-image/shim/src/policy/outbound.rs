//! Requests that a guest makes over `wasi:http/outgoing-handler`.
//!
//! WASI knows a check for sockets and none for these: without a hook they go where they like, whatever the sockets' policy.

use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::http::uri::Scheme;
use hyper::{Request, Uri};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::network::Network;
use super::sender::{self, Io, Sent};

/// None: nothing was said about the network, and requests go out as from upstream's shim.
#[derive(Clone, Default)]
pub struct Outbound(pub Option<Arc<Network>>);

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Io,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let network = self.0.clone();
        Box::new(async move {
            if let Some(network) = network {
                let addresses = checked(&network, request.uri()).await;
                if addresses.is_empty() {
                    return Err(Error::HttpRequestDenied);
                }
                return sender::send(request, &addresses, options, sender::trusted()).await;
            }
            let (answer, io) = wasmtime_wasi_http::default_send_request(request, options).await?;
            Ok((answer.map(BodyExt::boxed_unsync), Box::new(io) as Io))
        })
    }
}

/// Where a request may go; none: nowhere.
async fn checked(network: &Network, uri: &Uri) -> Vec<SocketAddr> {
    let Some(authority) = uri.authority() else {
        return vec![];
    };
    let tls = uri.scheme() == Some(&Scheme::HTTPS);
    let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
    network.allowed_addresses(authority.host(), port).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::block_on;

    fn network(json: &str) -> Network {
        Network::parse(serde_json::from_str(json).expect("json")).expect("network")
    }

    async fn to(network: &Network, uri: &str) -> Vec<String> {
        checked(network, &uri.parse().expect("uri")).await.iter().map(SocketAddr::to_string).collect()
    }

    #[test]
    fn goes_to_the_checked_addresses_or_nowhere() {
        block_on(async {
            let network = network(r#"{"tcpConnect":["127.0.0.1:8080","localhost:443"]}"#);
            assert_eq!(to(&network, "http://127.0.0.1:8080/a?b").await, ["127.0.0.1:8080"]);
            assert!(to(&network, "https://localhost/").await.contains(&"127.0.0.1:443".to_owned()));
            for closed in
                ["http://127.0.0.1/", "http://169.254.169.254/latest", "https://example.invalid/", "/relative"]
            {
                assert!(to(&network, closed).await.is_empty(), "{closed}");
            }
        });
    }
}
