//! A native container's program, as its specification describes it.

use std::ffi::CString;

use oci_spec::runtime::Spec;

pub struct Program {
    args: Vec<String>,
    env: Vec<String>,
    user: u32,
}

impl Program {
    pub fn new(spec: &Spec) -> Option<Self> {
        let process = spec.process().as_ref()?;
        Some(Self {
            args: process.args().clone()?,
            env: process.env().clone().unwrap_or_default(),
            user: process.user().uid(),
        })
    }

    pub fn is_called(&self, args: &[&[u8]]) -> bool {
        self.args.iter().map(String::as_bytes).eq(args.iter().copied())
    }

    /// As runc gives it: what the specification lists, and a HOME.
    pub fn environment(&self) -> Vec<CString> {
        let home = if self.user == 0 { "HOME=/root" } else { "HOME=/" };
        let has_home = self.env.iter().any(|entry| entry.starts_with("HOME="));
        let listed = self.env.iter().map(String::as_str);
        // An entry with a zero byte in it cannot be passed on; containerd accepts none.
        listed.chain((!has_home).then_some(home)).filter_map(|entry| CString::new(entry).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(env: &[&str], uid: u32) -> Program {
        let config = format!(
            r#"{{"ociVersion":"1.2.0","root":{{"path":"rootfs"}},
                "process":{{"cwd":"/","user":{{"uid":{uid},"gid":0}},"args":["sh"],"env":{env:?}}}}}"#
        );
        let file = std::env::temp_dir().join(format!("shim-program-{uid}-{}-{}", env.len(), std::process::id()));
        std::fs::write(&file, config).expect("config");
        let spec = Spec::load(&file).expect("specification");
        std::fs::remove_file(&file).expect("removed");
        Program::new(&spec).expect("program")
    }

    fn text(program: &Program) -> Vec<String> {
        program.environment().into_iter().map(|entry| entry.into_string().expect("utf-8")).collect()
    }

    #[test]
    fn is_known_by_its_arguments() {
        let shell = program(&[], 0);
        assert!(shell.is_called(&[b"sh"]));
        assert!(!shell.is_called(&[b"sh", b"-c"]));
    }

    #[test]
    fn has_what_is_listed_and_a_home() {
        assert_eq!(text(&program(&["A=b"], 0)), ["A=b", "HOME=/root"]);
        assert_eq!(text(&program(&["A=b", "HOME=/h"], 1000)), ["A=b", "HOME=/h"]);
        assert_eq!(text(&program(&[], 1000)), ["HOME=/"]);
    }
}
