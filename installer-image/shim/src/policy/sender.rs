//! Sends a guest's request to the very addresses that were checked.
//!
//! wasmtime-wasi-http's own sender looks the name up again. Between its look and ours the name may lead elsewhere, and
//! whoever owns the name decides that: with a certificate of its own for it, TLS would not notice.

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::client::conn::http1;
use hyper::http::uri::Scheme;
use hyper::{Request, Response, Uri};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, timeout};
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

/// For a guest that names none: as wasmtime-wasi-http's own sender has it.
const TIMEOUT: Duration = Duration::from_secs(600);

pub type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
pub type Sent = Result<(Response<WasiBody>, Io), Error>;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub async fn send(
    request: Request<WasiBody>,
    addresses: &[SocketAddr],
    options: Option<RequestOptions>,
    trusted: &Arc<ClientConfig>,
) -> Sent {
    let options = options.unwrap_or_default();
    let uri = request.uri().clone();
    let connecting = timeout(options.connect_timeout.unwrap_or(TIMEOUT), async {
        let stream = connect(&uri, addresses, trusted).await?;
        Ok::<_, Error>(http1::handshake(TokioIo::new(stream)).await?)
    });
    let (mut sender, mut connection) = connecting.await.map_err(|_| Error::ConnectionTimeout)??;
    let mut open = true;
    let mut sending = pin!(sender.send_request(only_path(request)?));
    let answering = timeout(options.first_byte_timeout.unwrap_or(TIMEOUT), async {
        loop {
            tokio::select! {
                answer = &mut sending => return answer.map_err(Error::from),
                ended = &mut connection, if open => {
                    ended?;
                    open = false;
                }
            }
        }
    });
    let answer = answering.await.map_err(|_| Error::ConnectionReadTimeout)??;
    let silence = options.between_bytes_timeout.unwrap_or(TIMEOUT);
    let answer = answer.map(|incoming| Timed::new(incoming, silence).boxed_unsync());
    let io = async move { if open { Ok(connection.await?) } else { Ok(()) } };
    Ok((answer, Box::new(io)))
}

/// Mozilla's authorities, as wasmtime-wasi-http's own sender trusts them.
pub fn trusted() -> &'static Arc<ClientConfig> {
    static TRUSTED: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    TRUSTED.get_or_init(|| trusting(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.into() }))
}

fn trusting(roots: RootCertStore) -> Arc<ClientConfig> {
    Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

async fn connect(uri: &Uri, addresses: &[SocketAddr], trusted: &Arc<ClientConfig>) -> Result<Box<dyn Stream>, Error> {
    let stream = TcpStream::connect(addresses).await.map_err(Error::Connect)?;
    if uri.scheme() != Some(&Scheme::HTTPS) {
        return Ok(Box::new(stream));
    }
    // The certificate has to be of the name that the guest asked for, whatever address it leads to.
    let host = uri.host().ok_or(Error::HttpRequestUriInvalid)?;
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let name = ServerName::try_from(bare)?.to_owned();
    Ok(Box::new(TlsConnector::from(trusted.clone()).connect(name, stream).await.map_err(Error::Tls)?))
}

/// Only a proxy is told scheme and host in the first line; the Host header has been set by then.
fn only_path(mut request: Request<WasiBody>) -> Result<Request<WasiBody>, Error> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse().map_err(|_| Error::HttpRequestUriInvalid)?;
    Ok(request)
}

/// The body of an answer, given up when nothing has come for too long.
struct Timed {
    incoming: Incoming,
    silence_max: Duration,
    silence: Pin<Box<Sleep>>,
}

impl Timed {
    fn new(incoming: Incoming, silence_max: Duration) -> Self {
        Self { incoming, silence_max, silence: Box::pin(sleep(silence_max)) }
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(cx) {
            let next = Instant::now() + self.silence_max;
            self.silence.as_mut().reset(next);
            return Poll::Ready(frame.map(|frame| frame.map_err(Error::from)));
        }
        ready!(self.silence.as_mut().poll(cx));
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Empty;
    use rustls::ServerConfig;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::policy::block_on;

    /// Of `checked.example`, a name that leads nowhere, signed by itself; made for this test alone.
    const CERTIFICATE: &[u8] = include_bytes!("checked.example.crt");
    const KEY: &[u8] = include_bytes!("checked.example.key");

    fn request(uri: &str) -> Request<WasiBody> {
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        Request::get(uri).header("host", "checked.example").body(body).expect("request")
    }

    fn certificate() -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(CERTIFICATE).expect("certificate")
    }

    async fn answer(mut stream: impl Stream) {
        let mut asked = [0; 1024];
        let length = stream.read(&mut asked).await.expect("request");
        assert!(asked[..length].starts_with(b"GET /a?b HTTP/1.1\r\n"));
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await.expect("answer");
        let _ = stream.shutdown().await;
    }

    /// A server on this machine, whose address no lookup of the name gives.
    async fn server(tls: bool) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listener");
        let address = listener.local_addr().expect("address");
        let key = PrivateKeyDer::from_pem_slice(KEY).expect("key");
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate()], key);
        let acceptor = TlsAcceptor::from(Arc::new(config.expect("server")));
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.expect("connection");
            if !tls {
                answer(stream).await;
            } else if let Ok(stream) = acceptor.accept(stream).await {
                answer(stream).await;
            }
        });
        address
    }

    async fn ask(uri: &str, address: SocketAddr) -> Result<Bytes, Error> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate()).expect("root");
        let (answer, io) = send(request(uri), &[address], None, &trusting(roots)).await?;
        tokio::spawn(Box::into_pin(io));
        Ok(answer.into_body().collect().await?.to_bytes())
    }

    #[test]
    fn asks_the_checked_address_whatever_the_name_leads_to() {
        block_on(async {
            for (uri, tls) in [("https://checked.example/a?b", true), ("http://checked.example/a?b", false)] {
                assert_eq!(ask(uri, server(tls).await).await.expect(uri), "hello");
            }
        });
    }

    #[test]
    fn the_certificate_has_to_be_of_the_name() {
        block_on(async {
            let failure = ask("https://other.example/a?b", server(true).await).await.expect_err("refused");
            assert!(matches!(failure, Error::Tls(_)), "{failure}");
        });
    }

    #[test]
    fn a_certificate_that_nobody_vouches_for_is_refused() {
        block_on(async {
            let address = server(true).await;
            let failure = send(request("https://checked.example/a?b"), &[address], None, trusted()).await.err();
            assert!(matches!(failure, Some(Error::Tls(_))), "{failure:?}");
        });
    }

    #[test]
    fn a_server_that_does_not_answer_is_given_up() {
        block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("listener");
            let address = listener.local_addr().expect("address");
            let soon = Some(Duration::from_millis(50));
            let late = RequestOptions { first_byte_timeout: soon, connect_timeout: soon, ..Default::default() };
            let plain = send(request("http://checked.example/"), &[address], Some(late), trusted()).await.err();
            assert!(matches!(plain, Some(Error::ConnectionReadTimeout)), "{plain:?}");
            let tls = send(request("https://checked.example/"), &[address], Some(late), trusted()).await.err();
            assert!(matches!(tls, Some(Error::ConnectionTimeout)), "{tls:?}");
        });
    }
}
