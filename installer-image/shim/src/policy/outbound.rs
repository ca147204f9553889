//! Requests that a guest makes over `wasi:http/outgoing-handler`.
//!
//! WASI knows a check for sockets and none for these: without a hook they go where they like, whatever the sockets' policy.

use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::http::uri::{Authority, Scheme};
use hyper::{Request, Response, Uri};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::network::Network;

/// None: nothing was said about the network, and requests go out as from upstream's shim.
#[derive(Clone, Default)]
pub struct Outbound(pub Option<Arc<Network>>);

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Result<(Response<WasiBody>, Io), Error>;

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Io,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let network = self.0.clone();
        Box::new(async move {
            if let Some(network) = network {
                let uri = checked(&network, request.uri()).await.ok_or(Error::HttpRequestDenied)?;
                *request.uri_mut() = uri;
            }
            let (answer, io) = wasmtime_wasi_http::default_send_request(request, options).await?;
            Ok((answer.map(BodyExt::boxed_unsync), Box::new(io) as Io))
        })
    }
}

/// A plain request goes to the very address that was checked: the name could lead elsewhere a moment later. With TLS the
/// name has to stay, for the certificate is checked against it, and that is what keeps such a trick from working.
async fn checked(network: &Network, uri: &Uri) -> Option<Uri> {
    let authority = uri.authority()?;
    let tls = uri.scheme() == Some(&Scheme::HTTPS);
    let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
    let address = *network.allowed_addresses(authority.host(), port).await.first()?;
    if tls {
        return Some(uri.clone());
    }
    let mut parts = uri.clone().into_parts();
    parts.authority = Some(address.to_string().parse::<Authority>().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::block_on;

    fn network(json: &str) -> Network {
        Network::parse(serde_json::from_str(json).expect("json")).expect("network")
    }

    async fn to(network: &Network, uri: &str) -> Option<String> {
        checked(network, &uri.parse().expect("uri")).await.map(|uri| uri.to_string())
    }

    #[test]
    fn goes_to_the_checked_address_or_nowhere() {
        block_on(async {
            let network = network(r#"{"tcpConnect":["127.0.0.1:8080","localhost:443"]}"#);
            assert_eq!(to(&network, "http://127.0.0.1:8080/a?b").await.as_deref(), Some("http://127.0.0.1:8080/a?b"));
            assert_eq!(to(&network, "http://127.0.0.1/").await, None);
            assert_eq!(to(&network, "http://169.254.169.254/latest").await, None);
            assert_eq!(to(&network, "https://localhost/").await.as_deref(), Some("https://localhost/"));
            assert_eq!(to(&network, "https://example.invalid/").await, None);
            assert_eq!(to(&network, "/relative").await, None);
        });
    }
}
