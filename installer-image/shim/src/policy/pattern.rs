//! `host:port`, where either may be `*`.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use anyhow::{Result, bail};

#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    pub host: Host,
    /// None: any.
    pub port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Host {
    Any,
    Address(IpAddr),
    /// In lower case. Allows the name, and every address that it has.
    Name(String),
}

impl Pattern {
    pub fn has_port(&self, port: u16) -> bool {
        self.port.is_none_or(|own| own == port)
    }

    /// A name says nothing here: whoever asks for an address has looked it up already.
    pub fn allows_address(&self, address: SocketAddr) -> bool {
        self.has_port(address.port())
            && match &self.host {
                Host::Any => true,
                Host::Address(own) => *own == address.ip().to_canonical(),
                Host::Name(_) => false,
            }
    }

    pub fn allows_name(&self, name: &str, port: u16) -> bool {
        self.has_port(port)
            && match &self.host {
                Host::Any => true,
                Host::Name(own) => own.eq_ignore_ascii_case(name.trim_end_matches('.')),
                Host::Address(_) => false,
            }
    }
}

impl FromStr for Pattern {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let Some((host, port)) = text.rsplit_once(':') else {
            bail!("{text:?} is no pattern: it must be host:port, where either may be *");
        };
        let port = match port {
            "*" => None,
            number => match number.parse() {
                Ok(port) => Some(port),
                Err(_) => bail!("{text:?}: {number:?} is no port from 0 to 65535 and not *"),
            },
        };
        Ok(Self { host: host_of(host, text)?, port })
    }
}

fn host_of(host: &str, text: &str) -> Result<Host> {
    if host == "*" {
        return Ok(Host::Any);
    }
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(Host::Address(address.to_canonical()));
    }
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if host.is_empty() || host.len() > 253 || !host.bytes().all(letters) {
        bail!("{text:?}: {host:?} is no host name, no address and not *");
    }
    Ok(Host::Name(host.trim_end_matches('.').to_ascii_lowercase()))
}

impl fmt::Display for Pattern {
    fn fmt(&self, into: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Any => into.write_str("*")?,
            Host::Address(IpAddr::V6(address)) => write!(into, "[{address}]")?,
            Host::Address(address) => write!(into, "{address}")?,
            Host::Name(name) => into.write_str(name)?,
        }
        match self.port {
            Some(port) => write!(into, ":{port}"),
            None => into.write_str(":*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().expect("pattern")
    }

    #[test]
    fn reads_and_writes_the_same() {
        for text in ["*:*", "*:443", "10.0.0.1:80", "[2001:db8::1]:53", "example.com:*", "db:5432"] {
            assert_eq!(pattern(text).to_string(), text);
        }
    }

    #[test]
    fn refuses_what_is_none() {
        for text in ["", "example.com", ":80", "example.com:http", "a:65536", "a b:1", "https://a:1", "10.0.0.0/8:80"] {
            let message = text.parse::<Pattern>().expect_err(text).to_string();
            assert!(message.contains(&format!("{text:?}")), "{message}");
        }
    }

    #[test]
    fn an_address_and_its_mapped_form_are_the_same() {
        let address = |text: &str| text.parse::<SocketAddr>().expect("address");
        assert!(pattern("10.0.0.1:80").allows_address(address("[::ffff:10.0.0.1]:80")));
        assert!(pattern("[::ffff:10.0.0.1]:80").allows_address(address("10.0.0.1:80")));
        assert!(!pattern("10.0.0.1:80").allows_address(address("10.0.0.1:81")));
        assert!(!pattern("10.0.0.1:80").allows_address(address("10.0.0.2:80")));
        assert!(pattern("*:80").allows_address(address("10.0.0.2:80")));
        assert!(!pattern("example.com:80").allows_address(address("10.0.0.2:80")));
    }

    #[test]
    fn a_name_allows_itself_alone() {
        assert!(pattern("Example.com:443").allows_name("EXAMPLE.com.", 443));
        assert!(!pattern("example.com:443").allows_name("example.com.evil.org", 443));
        assert!(!pattern("example.com:443").allows_name("sub.example.com", 443));
        assert!(!pattern("10.0.0.1:443").allows_name("example.com", 443));
        assert!(pattern("*:*").allows_name("example.com", 1));
    }
}
