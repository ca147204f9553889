//! Which sockets a guest may open, and whom it may ask over HTTP: one policy for both.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use serde::Deserialize;
use tokio::net::lookup_host;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::sockets::SocketAddrUse;

use super::pattern::{Host, Pattern};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Config {
    inherit: bool,
    allow_ip_name_lookup: Option<bool>,
    tcp_bind: Vec<String>,
    tcp_connect: Vec<String>,
    udp_bind: Vec<String>,
    udp_connect: Vec<String>,
    udp_outgoing: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Network {
    /// Whatever the pod itself may do.
    inherit: bool,
    names: bool,
    tcp_bind: Vec<Pattern>,
    tcp_connect: Vec<Pattern>,
    udp_bind: Vec<Pattern>,
    udp_send: Vec<Pattern>,
}

impl Network {
    pub fn parse(config: Config) -> Result<Self> {
        let Config { inherit, allow_ip_name_lookup, tcp_bind, tcp_connect, udp_bind, udp_connect, udp_outgoing } =
            config;
        // A datagram that is sent is one thing to WASI, whether its socket was connected before or not.
        let udp_send = [patterns(udp_connect, "udpConnect")?, patterns(udp_outgoing, "udpOutgoing")?].concat();
        Ok(Self {
            inherit,
            names: allow_ip_name_lookup.unwrap_or(true),
            tcp_bind: patterns(tcp_bind, "tcpBind")?,
            tcp_connect: patterns(tcp_connect, "tcpConnect")?,
            udp_bind: patterns(udp_bind, "udpBind")?,
            udp_send,
        })
    }

    /// Opens what is allowed on a context, in which everything is closed.
    pub fn open(self: &Arc<Self>, builder: &mut WasiCtxBuilder) {
        let network = Arc::clone(self);
        builder.allow_ip_name_lookup(network.looks_up_names()).socket_addr_check(move |address, usage| {
            let network = Arc::clone(&network);
            Box::pin(async move { network.allows_socket(address, usage).await })
        });
    }

    pub fn looks_up_names(&self) -> bool {
        self.inherit || self.names
    }

    async fn allows_socket(&self, address: SocketAddr, usage: SocketAddrUse) -> bool {
        if self.inherit {
            return true;
        }
        let patterns = match usage {
            SocketAddrUse::TcpConnect => &self.tcp_connect,
            SocketAddrUse::UdpSend => &self.udp_send,
            // The system chooses an own address before a socket connects; to listen on it is asked about by itself.
            SocketAddrUse::TcpBind => return is_chosen(address) || bound(&self.tcp_bind, address),
            SocketAddrUse::UdpBind => return is_chosen(address) || bound(&self.udp_bind, address),
            SocketAddrUse::TcpListen => return bound(&self.tcp_bind, address),
            // Whom a listening guest hears is the cluster's network policy's.
            SocketAddrUse::TcpAccept => return true,
            SocketAddrUse::UdpReceive if !self.udp_bind.is_empty() => return true,
            SocketAddrUse::UdpReceive => &self.udp_send,
        };
        patterns.iter().any(|pattern| pattern.allows_address(address)) || named(patterns, address).await
    }

    /// The addresses of a host that may be asked over HTTP; none: it may not.
    pub async fn allowed_addresses(&self, host: &str, port: u16) -> Vec<SocketAddr> {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let found: Vec<SocketAddr> = match bare.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            // To look a name up is to tell the resolver about it: nobody is asked who may not be.
            Err(_) if !self.may_be_named(host, port) => return vec![],
            Err(_) => lookup_host((host, port)).await.map(Iterator::collect).unwrap_or_default(),
        };
        let by_name = self.inherit || self.tcp_connect.iter().any(|pattern| pattern.allows_name(host, port));
        found
            .into_iter()
            .filter(|address| by_name || self.tcp_connect.iter().any(|pattern| pattern.allows_address(*address)))
            .collect()
    }

    fn may_be_named(&self, host: &str, port: u16) -> bool {
        self.inherit
            || self.tcp_connect.iter().any(|pattern| pattern.allows_name(host, port))
            || (self.names && self.tcp_connect.iter().any(|pattern| pattern.has_port(port)))
    }
}

/// What `bind` is asked for when a guest leaves address or port to the system.
fn is_chosen(address: SocketAddr) -> bool {
    address.ip().is_unspecified() && address.port() == 0
}

fn bound(patterns: &[Pattern], address: SocketAddr) -> bool {
    patterns.iter().any(|pattern| pattern.allows_address(address))
}

/// The guest has looked a name up and asks for an address of it: whether it is one of an allowed name is asked anew,
/// for services move.
async fn named(patterns: &[Pattern], address: SocketAddr) -> bool {
    let names: HashSet<&str> = patterns
        .iter()
        .filter(|pattern| pattern.has_port(address.port()))
        .filter_map(|pattern| match &pattern.host {
            Host::Name(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    for name in names {
        let found = lookup_host((name, address.port())).await;
        if found.is_ok_and(|mut addresses| addresses.any(|one| one.ip().to_canonical() == address.ip().to_canonical()))
        {
            return true;
        }
    }
    false
}

fn patterns(texts: Vec<String>, field: &str) -> Result<Vec<Pattern>> {
    texts.iter().map(|text| text.parse().with_context(|| format!("network.{field}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::block_on;

    fn network(json: &str) -> Network {
        Network::parse(serde_json::from_str(json).expect("json")).expect("network")
    }

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("address")
    }

    #[test]
    fn nothing_is_open_unless_it_is_said() {
        block_on(async {
            let closed = network("{}");
            for usage in [SocketAddrUse::TcpConnect, SocketAddrUse::TcpListen, SocketAddrUse::UdpSend] {
                assert!(!closed.allows_socket(address("127.0.0.1:80"), usage).await);
            }
            assert!(!closed.allows_socket(address("0.0.0.0:80"), SocketAddrUse::TcpBind).await);
            assert!(closed.allowed_addresses("127.0.0.1", 80).await.is_empty());
            assert!(closed.allowed_addresses("localhost", 80).await.is_empty());
        });
    }

    #[test]
    fn inherit_opens_all() {
        block_on(async {
            let open = network(r#"{"inherit":true}"#);
            assert!(open.allows_socket(address("10.1.2.3:80"), SocketAddrUse::TcpConnect).await);
            assert_eq!(open.allowed_addresses("127.0.0.1", 80).await, [address("127.0.0.1:80")]);
        });
    }

    #[test]
    fn each_list_opens_its_own_use() {
        block_on(async {
            let some = network(
                r#"{"tcpBind":["*:8081"],"tcpConnect":["10.0.0.1:80"],"udpBind":["*:53"],"udpOutgoing":["10.0.0.2:53"]}"#,
            );
            assert!(some.allows_socket(address("0.0.0.0:8081"), SocketAddrUse::TcpListen).await);
            assert!(some.allows_socket(address("10.0.0.1:80"), SocketAddrUse::TcpConnect).await);
            assert!(some.allows_socket(address("0.0.0.0:0"), SocketAddrUse::TcpBind).await);
            assert!(some.allows_socket(address("10.0.0.2:53"), SocketAddrUse::UdpSend).await);
            assert!(!some.allows_socket(address("0.0.0.0:0"), SocketAddrUse::TcpListen).await);
            assert!(!some.allows_socket(address("10.0.0.1:81"), SocketAddrUse::TcpConnect).await);
            assert!(!some.allows_socket(address("10.0.0.2:53"), SocketAddrUse::TcpConnect).await);
            assert!(!some.allows_socket(address("10.0.0.1:80"), SocketAddrUse::UdpSend).await);
        });
    }

    #[test]
    fn http_keeps_to_the_addresses_and_names_of_tcp_connect() {
        block_on(async {
            let by_address = network(r#"{"tcpConnect":["127.0.0.1:80"]}"#);
            assert_eq!(by_address.allowed_addresses("127.0.0.1", 80).await, [address("127.0.0.1:80")]);
            assert!(by_address.allowed_addresses("127.0.0.2", 80).await.is_empty());
            // A name that leads to an allowed address is asked at that address and at no other that it has.
            let found = by_address.allowed_addresses("localhost", 80).await;
            assert!(found.iter().all(|one| *one == address("127.0.0.1:80")), "{found:?}");
            let by_name = network(r#"{"tcpConnect":["localhost:80"],"allowIpNameLookup":false}"#);
            assert!(!by_name.allowed_addresses("localhost", 80).await.is_empty());
            assert!(by_name.allowed_addresses("localhost", 81).await.is_empty());
            assert!(by_name.allowed_addresses("127.0.0.1", 80).await.is_empty());
        });
    }

    #[test]
    fn an_address_of_an_allowed_name_may_be_connected_to() {
        block_on(async {
            let by_name = network(r#"{"tcpConnect":["localhost:80"]}"#);
            assert!(by_name.allows_socket(address("127.0.0.1:80"), SocketAddrUse::TcpConnect).await);
            assert!(!by_name.allows_socket(address("127.0.0.9:80"), SocketAddrUse::TcpConnect).await);
        });
    }
}
