//! What a guest may reach and use, where its pod says so.
//!
//! The variable and the form of `network` are those of knative-serving-wasm's runner, so that one description serves both;
//! `limits` is ours. Without the variable a guest has what upstream's shim gives it.

mod network;
mod outbound;
mod pattern;
mod sender;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::container::Env;
pub use network::Network;
pub use outbound::Outbound;

const CONFIG: &str = "WASI_CONFIG";

#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// None: nothing was said about it.
    pub network: Option<Arc<Network>>,
    /// Of one instance's linear memories, in bytes.
    pub memory_max: Option<usize>,
    /// From a request's arrival to the end of its answer.
    pub request_max: Option<Duration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Config {
    /// None: closed, name lookups too; whoever names a network may look up names unless they say otherwise.
    network: Option<network::Config>,
    #[serde(default)]
    limits: Limits,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Limits {
    memory_bytes: Option<usize>,
    request_seconds: Option<f64>,
}

impl Policy {
    /// Takes its variable out of the environment: it is meant for us, and the guest does not see it.
    pub fn take(env: &mut Env) -> Result<Self> {
        let mut found = None;
        env.retain_mut(|(key, value)| {
            let ours = key == CONFIG;
            if ours {
                found = Some(std::mem::take(value));
            }
            !ours
        });
        found.map_or_else(|| Ok(Self::default()), |text| Self::parse(&text))
    }

    /// Who writes a policy relies on it: what cannot be read in full is refused, and nothing runs.
    fn parse(text: &str) -> Result<Self> {
        let config: Config = serde_json::from_str(text)
            .with_context(|| format!("the environment variable {CONFIG} is not a policy this shim knows"))?;
        let Limits { memory_bytes, request_seconds } = config.limits;
        let request_max = request_seconds
            .map(|seconds| {
                Duration::try_from_secs_f64(seconds)
                    .ok()
                    .filter(|duration| !duration.is_zero())
                    .with_context(|| format!("{CONFIG}: limits.requestSeconds is {seconds}; it must be a time"))
            })
            .transpose()?;
        let network = config.network.map_or_else(|| Ok(Network::default()), Network::parse).context(CONFIG)?;
        Ok(Self { network: Some(Arc::new(network)), memory_max: memory_bytes, request_max })
    }
}

#[cfg(test)]
fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime").block_on(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(value: &str) -> Env {
        vec![("GREETING".to_owned(), "hi".to_owned()), (CONFIG.to_owned(), value.to_owned())]
    }

    #[test]
    fn without_the_variable_nothing_is_said() {
        let policy = Policy::take(&mut vec![]).expect("default");
        assert!(policy.network.is_none() && policy.memory_max.is_none() && policy.request_max.is_none());
    }

    #[test]
    fn an_empty_policy_closes_the_network_and_the_guest_does_not_see_it() {
        let mut given = env("{}");
        let policy = Policy::take(&mut given).expect("valid");
        assert!(!policy.network.expect("a network").looks_up_names());
        assert_eq!(given, vec![("GREETING".to_owned(), "hi".to_owned())]);
    }

    #[test]
    fn who_names_a_network_may_look_up_names() {
        for (text, looks_up) in [
            (r#"{"network":{}}"#, true),
            (r#"{"network":{"allowIpNameLookup":false}}"#, false),
            (r#"{"network":{"inherit":true,"allowIpNameLookup":false}}"#, true),
        ] {
            let policy = Policy::take(&mut env(text)).expect("valid");
            assert_eq!(policy.network.expect("a network").looks_up_names(), looks_up, "{text}");
        }
    }

    #[test]
    fn limits_are_read() {
        let mut given = env(r#"{"limits":{"memoryBytes":1048576,"requestSeconds":0.5}}"#);
        let policy = Policy::take(&mut given).expect("valid");
        assert_eq!((policy.memory_max, policy.request_max), (Some(1 << 20), Some(Duration::from_millis(500))));
    }

    #[test]
    fn what_cannot_be_read_in_full_is_refused() {
        for text in [
            "",
            "network: {}",
            r#"{"netwrok":{}}"#,
            r#"{"network":{"tcpConect":["a:1"]}}"#,
            r#"{"network":{"tcpConnect":["nonsense"]}}"#,
            r#"{"limits":{"requestSeconds":-1}}"#,
            r#"{"limits":{"requestSeconds":0}}"#,
            r#"{"limits":{"memoryBytes":"1Gi"}}"#,
        ] {
            let message = format!("{:#}", Policy::take(&mut env(text)).unwrap_err());
            assert!(message.contains(CONFIG), "{text}: {message}");
        }
    }
}
