//! Where to listen: from the container's environment, by the names of upstream's shim.

use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

use anyhow::{Context, Result, anyhow};
use tokio::net::{TcpListener, TcpSocket};

use crate::container::Env;

pub const ADDRESS: &str = "WASMTIME_HTTP_PROXY_SOCKET_ADDR";
const BACKLOG: &str = "WASMTIME_HTTP_PROXY_BACKLOG";

#[derive(Debug, PartialEq)]
pub struct Settings {
    pub address: SocketAddr,
    pub backlog: u32,
}

impl Settings {
    /// Takes its variables out of the environment: they are meant for us, and the guest does not see them.
    pub fn take(env: &mut Env) -> Result<Self> {
        Ok(Self {
            address: take(env, ADDRESS, "an address and a port such as 0.0.0.0:8080")?
                .unwrap_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8080))),
            backlog: take(env, BACKLOG, "a number such as 100")?.unwrap_or(100),
        })
    }

    pub fn listen(&self) -> Result<TcpListener> {
        let socket = if self.address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A restarted container must not wait for connections of its predecessor in TIME_WAIT.
        socket.set_reuseaddr(true)?;
        socket
            .bind(self.address)
            .and_then(|()| socket.listen(self.backlog))
            .with_context(|| format!("cannot listen on {}; set {ADDRESS} to a free address", self.address))
    }
}

/// Upstream's shim falls back to the default without a word; a typing error would show as a dead Service.
fn take<T: FromStr>(env: &mut Env, name: &str, wanted: &str) -> Result<Option<T>> {
    let mut value = None;
    env.retain_mut(|(key, found)| {
        let ours = key == name;
        if ours {
            value = Some(std::mem::take(found));
        }
        !ours
    });
    value
        .map(|text| {
            text.parse().map_err(|_| anyhow!("the environment variable {name} is {text:?}; it must be {wanted}"))
        })
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(entries: &[(&str, &str)]) -> Env {
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn defaults() {
        let settings = Settings::take(&mut env(&[])).expect("defaults");
        assert_eq!((settings.address.to_string().as_str(), settings.backlog), ("0.0.0.0:8080", 100));
    }

    #[test]
    fn the_environment_decides_and_the_guest_does_not_see_it() {
        let mut given = env(&[(ADDRESS, "[::]:80"), ("GREETING", "hi"), (BACKLOG, "7")]);
        let settings = Settings::take(&mut given).expect("valid");
        assert_eq!((settings.address.to_string().as_str(), settings.backlog), ("[::]:80", 7));
        assert_eq!(given, env(&[("GREETING", "hi")]));
    }

    #[test]
    fn the_last_of_two_values_counts() {
        let mut given = env(&[(BACKLOG, "1"), (BACKLOG, "2")]);
        assert_eq!(Settings::take(&mut given).expect("valid").backlog, 2);
    }

    #[test]
    fn a_bad_value_says_which_and_what_would_be_good() {
        for (name, value) in [(ADDRESS, ":80"), (ADDRESS, "localhost:80"), (BACKLOG, "-1")] {
            let message = Settings::take(&mut env(&[(name, value)])).unwrap_err().to_string();
            assert!(message.contains(name) && message.contains(value) && message.contains("such as"), "{message}");
        }
    }
}
