//! Where a container's cgroup lies on a node of cgroup version 1 whose kubelet uses the systemd driver.
//!
//! There containerd names it `slice:prefix:name`, which systemd and runc read as a scope below the slice. libcgroups
//! 0.6.0 does that on cgroup version 2 only; on version 1 it makes a directory of that name, colons and all, at the top
//! of each hierarchy. Outside its pod's cgroup, the container is not held to the pod's limits and counts for nothing in
//! its figures; and since /proc/PID/cgroup is divided by colons as well, the container's own figures become those of
//! the whole node.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use oci_spec::runtime::Spec;

use crate::bundles::Bundle;

/// Only the root of cgroup version 2 has it. A node of both versions keeps its controllers in version 1.
const UNIFIED: &str = "/sys/fs/cgroup/cgroup.controllers";

/// Rewrites the container's specification, which libcontainer reads next.
pub fn place(bundle: &mut Bundle) {
    if Path::new(UNIFIED).exists() {
        return;
    }
    let Some(path) = cgroup_of(&bundle.spec).and_then(scope) else {
        return;
    };
    if let Err(err) = rewrite(bundle, path) {
        log::error!("the container will not be in its pod's cgroup: {err:#}");
    }
}

fn cgroup_of(spec: &Spec) -> Option<&str> {
    spec.linux().as_ref()?.cgroups_path().as_ref()?.to_str()
}

fn rewrite(bundle: &mut Bundle, path: PathBuf) -> Result<()> {
    if let Some(linux) = bundle.spec.linux_mut() {
        linux.set_cgroups_path(Some(path));
    }
    replace(&bundle.file, &bundle.spec).with_context(|| format!("{} cannot be rewritten", bundle.file.display()))
}

/// At one stroke: another container of the pod may start at the same time, and its process reads this file, too.
fn replace(file: &Path, spec: &Spec) -> Result<()> {
    let partial = file.with_extension(format!("json.{}", std::process::id()));
    let written = write(&partial, file, spec);
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    written
}

fn write(partial: &Path, file: &Path, spec: &Spec) -> Result<()> {
    fs::File::create_new(partial)?.set_permissions(fs::metadata(file)?.permissions())?;
    spec.save(partial).map_err(io::Error::other)?;
    fs::rename(partial, file)?;
    Ok(())
}

/// `a-b.slice:prefix:name` is `/a.slice/a-b.slice/prefix-name.scope`, see systemd.slice(5). None: it is of another
/// form, such as the path of the cgroupfs driver, or of none that systemd knows.
fn scope(path: &str) -> Option<PathBuf> {
    let [slice, prefix, name] = path.split(':').collect::<Vec<_>>().try_into().ok()?;
    if path.contains('/') || name.is_empty() {
        return None;
    }
    let slice = if slice.is_empty() { "system.slice" } else { slice };
    let mut found = PathBuf::from("/");
    found.extend(slices(slice)?);
    found.push(match prefix {
        _ if name.ends_with(".slice") => name.to_owned(),
        "" => format!("{name}.scope"),
        prefix => format!("{prefix}-{name}.scope"),
    });
    Some(found)
}

/// A slice and all above it, the highest first; of the root, `-.slice`, none.
fn slices(slice: &str) -> Option<Vec<String>> {
    let stem = slice.strip_suffix(".slice")?;
    if stem == "-" {
        return Some(Vec::new());
    }
    let parts: Vec<&str> = stem.split('-').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    Some((1..=parts.len()).map(|depth| format!("{}.slice", parts[..depth].join("-"))).collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_scope_lies_below_its_slices() {
        let cases = [
            (
                "kubepods-burstable-pod1a_2b.slice:cri-containerd:0c5e",
                "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1a_2b.slice/cri-containerd-0c5e.scope",
            ),
            ("kubepods-pod1.slice:cri-containerd:c", "/kubepods.slice/kubepods-pod1.slice/cri-containerd-c.scope"),
            ("system.slice:runc:c", "/system.slice/runc-c.scope"),
            (":runc:c", "/system.slice/runc-c.scope"),
            ("system.slice::c", "/system.slice/c.scope"),
            ("-.slice:runc:c", "/runc-c.scope"),
            ("a.slice:runc:a-b.slice", "/a.slice/a-b.slice"),
        ];
        for (path, expected) in cases {
            assert_eq!(scope(path).as_deref(), Some(Path::new(expected)), "{path}");
        }
    }

    #[test]
    fn another_form_is_left_as_it_is() {
        let others = [
            "/kubepods/burstable/pod1/c",
            "kubepods/c",
            "",
            "a.slice",
            "a.slice:b",
            "a.slice:b:c:d",
            "a.slice:b:",
            "a:b:c",
            ".slice:b:c",
            "a--b.slice:b:c",
            "-a.slice:b:c",
            "a.slice:b:../c",
            "../a.slice:b:c",
        ];
        for path in others {
            assert_eq!(scope(path), None, "{path}");
        }
    }

    #[test]
    fn a_specification_changes_in_this_and_nothing_else() {
        let dir = std::env::temp_dir().join(format!("shim-cgroup-{}", std::process::id()));
        fs::create_dir_all(&dir).expect("directory");
        let file = dir.join("config.json");
        let config = |path: &str| {
            format!(
                r#"{{"ociVersion":"1.2.0","root":{{"path":"rootfs"}},"process":{{"cwd":"/","args":["/app.wasm"],
                    "user":{{"uid":7,"gid":7}},"env":["A=b"]}},"linux":{{"cgroupsPath":"{path}",
                    "resources":{{"memory":{{"limit":1024}}}},"namespaces":[{{"type":"pid"}}]}}}}"#
            )
        };
        fs::write(&file, config("/after")).expect("expected");
        let expected = Spec::load(&file).expect("expected");
        fs::write(&file, config("a.slice:b:c")).expect("given");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("permissions");
        let mut bundle = Bundle { file: file.clone(), spec: Spec::load(&file).expect("given") };
        rewrite(&mut bundle, PathBuf::from("/after")).expect("rewritten");
        assert_eq!(Spec::load(&file).expect("rewritten"), expected);
        assert_eq!(fs::metadata(&file).expect("file").permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(&dir).expect("directory").count(), 1);
        fs::remove_dir_all(&dir).expect("removed");
        assert!(rewrite(&mut bundle, PathBuf::from("/after")).is_err());
    }
}
