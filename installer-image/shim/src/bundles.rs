//! Which containers of this pod are about to start: from the bundles that containerd has written.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use oci_spec::runtime::Spec;

const SANDBOX_ID: &str = "io.kubernetes.cri.sandbox-id";

pub struct Bundle {
    /// Its config.json.
    pub file: PathBuf,
    pub spec: Spec,
}

/// The pod's containers that libcontainer keeps no state of yet, the latest first. `bundle` is that of the pod's
/// sandbox, the shim's working directory; containerd keeps all bundles of a namespace side by side.
pub fn starting(bundle: &Path, state: &Path) -> Vec<Bundle> {
    let (Some(all), Some(sandbox)) = (bundle.parent(), bundle.file_name()) else {
        return Vec::new();
    };
    let state = state.join(all.file_name().unwrap_or_default());
    let mut found: Vec<(SystemTime, Bundle)> = fs::read_dir(all)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| !state.join(entry.file_name()).exists())
        .filter_map(|entry| {
            let file = entry.path().join("config.json");
            let written = fs::metadata(&file).ok()?.modified().ok()?;
            let spec = Spec::load(&file).ok()?;
            let ours = entry.file_name() == sandbox || sandbox.to_str().is_some_and(|id| sandbox_of(&spec) == Some(id));
            if ours { Some((written, Bundle { file, spec })) } else { None }
        })
        .collect();
    found.sort_by_key(|(written, _)| std::cmp::Reverse(*written));
    found.into_iter().map(|(_, bundle)| bundle).collect()
}

fn sandbox_of(spec: &Spec) -> Option<&str> {
    spec.annotations().as_ref()?.get(SANDBOX_ID).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A containerd state directory with bundles.
    struct Node(PathBuf);

    impl Node {
        fn new(name: &str) -> Self {
            let dir = std::env::temp_dir().join(format!("shim-bundles-{name}-{}", std::process::id()));
            fs::create_dir_all(dir.join("tasks/k8s.io")).expect("tasks");
            fs::create_dir_all(dir.join("state/k8s.io")).expect("state");
            Self(dir)
        }

        fn bundle(&self, id: &str, sandbox: &str) -> PathBuf {
            let dir = self.0.join("tasks/k8s.io").join(id);
            fs::create_dir_all(&dir).expect("bundle");
            let config = format!(
                r#"{{"ociVersion":"1.2.0","root":{{"path":"rootfs"}},"annotations":{{"{SANDBOX_ID}":"{sandbox}"}}}}"#
            );
            fs::write(dir.join("config.json"), config).expect("config");
            dir
        }

        fn started(&self, id: &str) {
            fs::create_dir_all(self.0.join("state/k8s.io").join(id)).expect("state");
        }

        fn starting(&self, sandbox: &Path) -> Vec<PathBuf> {
            starting(sandbox, &self.0.join("state")).into_iter().map(|bundle| bundle.file).collect()
        }
    }

    impl Drop for Node {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn finds_the_container_that_starts_and_no_other() {
        let node = Node::new("finds");
        let sandbox = node.bundle("pause", "pause");
        node.started("pause");
        node.bundle("web", "pause");
        node.started("web");
        let side = node.bundle("side", "pause");
        node.bundle("stranger", "other");
        assert_eq!(node.starting(&sandbox), [side.join("config.json")]);
    }

    #[test]
    fn finds_the_sandbox_itself_and_a_container_without_kubernetes() {
        let node = Node::new("itself");
        let alone = node.bundle("alone", "");
        assert_eq!(node.starting(&alone), [alone.join("config.json")]);
    }

    #[test]
    fn a_broken_bundle_is_no_container() {
        let node = Node::new("broken");
        let sandbox = node.bundle("pause", "pause");
        fs::write(sandbox.join("config.json"), "{").expect("config");
        assert!(node.starting(&sandbox).is_empty());
        assert!(node.starting(Path::new("/")).is_empty());
    }
}
