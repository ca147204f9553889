//! Which containers of this pod are about to start: from the bundles that containerd has written.

use std::ffi::CString;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use oci_spec::runtime::Spec;

const SANDBOX_ID: &str = "io.kubernetes.cri.sandbox-id";

pub struct Program {
    args: Vec<String>,
    env: Vec<String>,
    user: u32,
}

impl Program {
    fn new(spec: &Spec) -> Option<Self> {
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

/// The pod's containers that libcontainer keeps no state of yet, the latest first. `bundle` is that of the pod's
/// sandbox, the shim's working directory; containerd keeps all bundles of a namespace side by side.
pub fn starting(bundle: &Path, state: &Path) -> Vec<Program> {
    let (Some(all), Some(sandbox)) = (bundle.parent(), bundle.file_name()) else {
        return Vec::new();
    };
    let state = state.join(all.file_name().unwrap_or_default());
    let mut found: Vec<(SystemTime, Program)> = fs::read_dir(all)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| !state.join(entry.file_name()).exists())
        .filter_map(|entry| {
            let file = entry.path().join("config.json");
            let written = fs::metadata(&file).ok()?.modified().ok()?;
            let spec = Spec::load(file).ok()?;
            let ours = entry.file_name() == sandbox || sandbox.to_str().is_some_and(|id| sandbox_of(&spec) == Some(id));
            if ours { Some((written, Program::new(&spec)?)) } else { None }
        })
        .collect();
    found.sort_by_key(|(written, _)| std::cmp::Reverse(*written));
    found.into_iter().map(|(_, program)| program).collect()
}

fn sandbox_of(spec: &Spec) -> Option<&str> {
    spec.annotations().as_ref()?.get(SANDBOX_ID).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A containerd state directory with these bundles: (id, sandbox, args, env).
    struct Node(PathBuf);

    impl Node {
        fn new(name: &str) -> Self {
            let dir = std::env::temp_dir().join(format!("shim-bundles-{name}-{}", std::process::id()));
            fs::create_dir_all(dir.join("tasks/k8s.io")).expect("tasks");
            fs::create_dir_all(dir.join("state/k8s.io")).expect("state");
            Self(dir)
        }

        fn bundle(&self, id: &str, sandbox: &str, args: &[&str], env: &[&str], uid: u32) -> PathBuf {
            let dir = self.0.join("tasks/k8s.io").join(id);
            fs::create_dir_all(&dir).expect("bundle");
            let config = format!(
                r#"{{"ociVersion":"1.2.0","root":{{"path":"rootfs"}},"annotations":{{"{SANDBOX_ID}":"{sandbox}"}},
                    "process":{{"cwd":"/","user":{{"uid":{uid},"gid":0}},"args":{args:?},"env":{env:?}}}}}"#
            );
            fs::write(dir.join("config.json"), config).expect("config");
            dir
        }

        fn started(&self, id: &str) {
            fs::create_dir_all(self.0.join("state/k8s.io").join(id)).expect("state");
        }

        fn starting(&self, sandbox: &Path) -> Vec<Program> {
            starting(sandbox, &self.0.join("state"))
        }
    }

    impl Drop for Node {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn text(program: &Program) -> Vec<String> {
        program.environment().into_iter().map(|entry| entry.into_string().expect("utf-8")).collect()
    }

    #[test]
    fn finds_the_container_that_starts_and_no_other() {
        let node = Node::new("finds");
        let sandbox = node.bundle("pause", "pause", &["/pause"], &[], 0);
        node.started("pause");
        node.bundle("web", "pause", &["sh"], &["A=old"], 0);
        node.started("web");
        node.bundle("side", "pause", &["sh"], &["A=new"], 0);
        node.bundle("stranger", "other", &["sh"], &["A=secret"], 0);
        let found = node.starting(&sandbox);
        assert_eq!(found.iter().map(text).collect::<Vec<_>>(), [["A=new", "HOME=/root"]]);
        assert!(found[0].is_called(&[b"sh"]));
        assert!(!found[0].is_called(&[b"sh", b"-c"]));
    }

    #[test]
    fn finds_the_sandbox_itself_and_a_container_without_kubernetes() {
        let node = Node::new("itself");
        let alone = node.bundle("alone", "", &["sh"], &["HOME=/h"], 1000);
        assert_eq!(node.starting(&alone).iter().map(text).collect::<Vec<_>>(), [["HOME=/h"]]);
    }

    #[test]
    fn other_users_live_in_the_root_directory() {
        let node = Node::new("users");
        let alone = node.bundle("alone", "alone", &["sh"], &[], 1000);
        assert_eq!(node.starting(&alone).iter().map(text).collect::<Vec<_>>(), [["HOME=/"]]);
    }

    #[test]
    fn a_broken_bundle_is_no_container() {
        let node = Node::new("broken");
        let sandbox = node.bundle("pause", "pause", &["/pause"], &[], 0);
        fs::write(sandbox.join("config.json"), "{").expect("config");
        assert!(node.starting(&sandbox).is_empty());
        assert!(node.starting(Path::new("/")).is_empty());
    }
}
