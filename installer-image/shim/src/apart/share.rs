//! The share of the node's processors that all compilers together have, where pods want them, too.
//!
//! A shim is in containerd's cgroup, which has as large a share as a node of two processors gives to all pods. What is
//! nobody else's they may take all the same.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

const CGROUPS: &str = "/sys/fs/cgroup";
const NAME: &str = "kwasm-compiler";
/// As a pod that requests one processor.
const SHARES: &str = "1024";
/// The same, by Kubernetes' own rule.
const WEIGHT: &str = "39";
/// Another compiler that ends takes the empty cgroup away.
const ATTEMPTS: usize = 3;

/// This process. Without it, it is only nice.
pub fn join() {
    if let Err(err) = join_below(Path::new(CGROUPS)) {
        eprintln!("its share of the processors is not limited: {err}");
    }
}

fn join_below(cgroups: &Path) -> io::Result<()> {
    let mut tried = Ok(());
    for _ in 0..ATTEMPTS {
        tried = try_to_join(cgroups);
        if !tried.as_ref().is_err_and(|err| err.kind() == ErrorKind::NotFound) {
            break;
        }
    }
    tried
}

fn try_to_join(cgroups: &Path) -> io::Result<()> {
    let unified = is_unified(cgroups);
    let (file, share) = if unified { ("cpu.weight", WEIGHT) } else { ("cpu.shares", SHARES) };
    let cgroup = hierarchy(cgroups, unified).join(NAME);
    match fs::create_dir(&cgroup) {
        Err(err) if err.kind() != ErrorKind::AlreadyExists => return Err(err),
        _ => {}
    }
    fs::write(cgroup.join(file), share)?;
    fs::write(cgroup.join("cgroup.procs"), "0")
}

/// The last one takes it away.
pub fn tidy() {
    let cgroups = Path::new(CGROUPS);
    let _ = fs::remove_dir(hierarchy(cgroups, is_unified(cgroups)).join(NAME));
}

fn is_unified(cgroups: &Path) -> bool {
    cgroups.join("cgroup.controllers").exists()
}

/// Where the processors are shared out.
fn hierarchy(cgroups: &Path, unified: bool) -> PathBuf {
    if unified { cgroups.to_owned() } else { cgroups.join("cpu") }
}

#[cfg(test)]
mod tests {
    use std::env;

    use super::*;

    #[test]
    fn is_as_large_as_that_of_a_pod_on_nodes_of_either_kind() {
        let cgroups = env::temp_dir().join(format!("shim-share-{}", std::process::id()));
        let written = |path: &str| fs::read_to_string(cgroups.join(path)).expect(path);
        assert_eq!(join_below(&cgroups).expect_err("nowhere").kind(), ErrorKind::NotFound);
        fs::create_dir_all(cgroups.join("cpu")).expect("made");
        join_below(&cgroups).expect("version 1");
        assert_eq!(written("cpu/kwasm-compiler/cpu.shares"), SHARES);
        assert_eq!(written("cpu/kwasm-compiler/cgroup.procs"), "0");
        fs::write(cgroups.join("cgroup.controllers"), "cpu memory pids").expect("written");
        join_below(&cgroups).expect("version 2");
        join_below(&cgroups).expect("once more");
        assert_eq!(written("kwasm-compiler/cpu.weight"), WEIGHT);
        fs::remove_dir_all(cgroups).expect("removed");
    }
}
