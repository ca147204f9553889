//! Decides from its exports how a guest is run. Pure: names in, decision out.

use anyhow::{Result, bail};

/// A message with all exports of a large module would fill the pod's log.
const EXPORTS_NAMED_MAX: usize = 20;

#[derive(Debug, PartialEq)]
pub enum Entry<'a> {
    /// `wasi:http/incoming-handler`: serve HTTP.
    Http,
    /// `wasi:cli/run`: run to the end.
    Command,
    /// An export without parameters, named after `#` in the entrypoint.
    Function(&'a str),
}

/// The interface decides before the function's name, as in upstream's shim: `_start` is only the default name.
pub fn of_component<'a>(exports: &[&str], func: &'a str) -> Result<Entry<'a>> {
    let implements = |interface: &str| exports.iter().any(|name| name.starts_with(interface));
    if implements("wasi:http/incoming-handler@0.2.") {
        return Ok(Entry::Http);
    }
    if implements("wasi:cli/run@0.2.") {
        return Ok(Entry::Command);
    }
    if exports.contains(&func) {
        return Ok(Entry::Function(func));
    }
    if let Some(name) = exports.iter().find(|name| name.starts_with("wasi:http/") || name.starts_with("wasi:cli/")) {
        bail!("the component exports {name}, but this shim runs WASI 0.2; build it for wasi:cli or wasi:http 0.2");
    }
    bail!(
        "the component exports neither wasi:http/incoming-handler nor wasi:cli/run, and no function {func:?}; {}. \
         Build it for the world wasi:http/proxy or wasi:cli/command, or name a function after '#' in the entrypoint, \
         as in \"/app.wasm#run\"",
        listed(exports)
    );
}

pub fn of_module<'a>(exports: &[&str], func: &'a str) -> Result<Entry<'a>> {
    if exports.contains(&func) {
        return Ok(Entry::Function(func));
    }
    bail!(
        "the module exports no function {func:?}; {}. Build it as a WASI command (wasm32-wasip1), \
         or name a function after '#' in the entrypoint, as in \"/app.wasm#run\"",
        listed(exports)
    );
}

fn listed(exports: &[&str]) -> String {
    if exports.is_empty() {
        return "it exports nothing that can be run".to_owned();
    }
    let more = exports.len().saturating_sub(EXPORTS_NAMED_MAX);
    let named = exports[..exports.len() - more].join(", ");
    if more == 0 { format!("it exports {named}") } else { format!("it exports {named} and {more} more") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTTP: &str = "wasi:http/incoming-handler@0.2.10";
    const RUN: &str = "wasi:cli/run@0.2.0";

    #[test]
    fn components() {
        let cases: [(&[&str], &str, Entry); 5] = [
            (&[HTTP], "_start", Entry::Http),
            (&[RUN], "_start", Entry::Command),
            (&[RUN, HTTP], "_start", Entry::Http),
            (&[RUN, "tick"], "tick", Entry::Command),
            (&["tick"], "tick", Entry::Function("tick")),
        ];
        for (exports, func, entry) in cases {
            assert_eq!(of_component(exports, func).expect("runs"), entry, "{exports:?} {func}");
        }
    }

    #[test]
    fn a_library_component_is_told_what_it_lacks() {
        let message = of_component(&["docs:adder/add@0.1.0"], "_start").unwrap_err().to_string();
        assert!(message.contains("wasi:http/proxy") && message.contains("docs:adder/add@0.1.0"), "{message}");
    }

    #[test]
    fn a_component_of_a_later_wasi_is_named_as_such() {
        let message = of_component(&["wasi:http/handler@0.3.0"], "_start").unwrap_err().to_string();
        assert!(message.contains("WASI 0.2"), "{message}");
    }

    #[test]
    fn modules() {
        assert_eq!(of_module(&["_start"], "_start").expect("runs"), Entry::Function("_start"));
        assert_eq!(of_module(&["a", "b"], "b").expect("runs"), Entry::Function("b"));
        let message = of_module(&["a", "b"], "_start").unwrap_err().to_string();
        assert!(message.contains("it exports a, b.") && message.contains("#run"), "{message}");
        assert!(of_module(&[], "_start").unwrap_err().to_string().contains("nothing"));
    }

    #[test]
    fn a_long_list_is_cut() {
        let names: Vec<String> = (0..50).map(|n| format!("f{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let message = of_module(&names, "_start").unwrap_err().to_string();
        assert!(message.contains("f19 and 30 more") && !message.contains("f20"), "{message}");
    }
}
