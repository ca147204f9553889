//! What the container's specification asks for, read once into plain values.

use containerd_shim_wasm::sandbox::context::RuntimeContext;

pub type Env = Vec<(String, String)>;

#[derive(Clone, Debug, PartialEq)]
pub struct Container {
    /// Begins with the entrypoint, `#function` included: what upstream's shim hands to the guest.
    pub args: Vec<String>,
    pub env: Env,
    /// The export to call: what follows `#` in the entrypoint, else `_start`.
    pub func: String,
}

impl Container {
    pub fn read(ctx: &impl RuntimeContext) -> Self {
        Self {
            args: ctx.args().to_vec(),
            env: ctx.envs().iter().map(|entry| split(entry)).collect(),
            func: ctx.entrypoint().func,
        }
    }
}

fn split(entry: &str) -> (String, String) {
    let (key, value) = entry.split_once('=').unwrap_or((entry, ""));
    (key.to_owned(), value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn splits_at_the_first_equals_sign() {
        for (entry, key, value) in [("A=b", "A", "b"), ("A=b=c", "A", "b=c"), ("A=", "A", ""), ("A", "A", "")] {
            assert_eq!(split(entry), (key.to_owned(), value.to_owned()), "{entry}");
        }
    }
}
