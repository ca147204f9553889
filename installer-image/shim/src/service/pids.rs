//! The processes of a container, for containerd.

use std::fs;
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;

use containerd_shim_protos::TaskClient;
use containerd_shim_protos::api::{PidsRequest, PidsResponse, ProcessInfo, StateRequest, Status};
use containerd_shim_protos::protobuf::Message;
use containerd_shim_protos::ttrpc::{self, Client, context};

use super::INNER;
use super::frame::Frame;

const STATE_WITHIN: Duration = Duration::from_secs(5);

/// The container whose processes are asked for, if that is what the message is about.
pub fn asked(frame: &Frame) -> Option<String> {
    let request = frame.request()?;
    if request.service != "containerd.task.v2.Task" || request.method != "Pids" {
        return None;
    }
    Some(PidsRequest::parse_from_bytes(&request.payload).ok()?.id)
}

/// A container that the service does not know is its error, as it is for any other method.
pub fn answer(id: &str) -> ttrpc::Result<PidsResponse> {
    let inner = UnixStream::connect(INNER).map_err(|err| ttrpc::Error::Others(err.to_string()))?;
    let service = TaskClient::new(Client::new(inner.into_raw_fd())?);
    let mut request = StateRequest::new();
    request.id = id.to_owned();
    let state = service.state(context::with_duration(STATE_WITHIN), &request)?;
    let mut response = PidsResponse::new();
    response.processes = match state.status.enum_value_or_default() {
        Status::STOPPED => Vec::new(),
        // Not started: it has the process of which `Create` told.
        _ if state.pid == 0 => vec![info(process::id())],
        _ => members(state.pid).into_iter().map(info).collect(),
    };
    Ok(response)
}

fn info(pid: u32) -> ProcessInfo {
    let mut info = ProcessInfo::new();
    info.pid = pid;
    info
}

/// All processes of the container's cgroup, or the first alone where that cannot be read.
fn members(pid: u32) -> Vec<u32> {
    let listed = fs::read_to_string(format!("/proc/{pid}/cgroup"))
        .ok()
        .and_then(|own| fs::read_to_string(Path::new("/sys/fs/cgroup").join(group(&own)?).join("cgroup.procs")).ok())
        .unwrap_or_default();
    let found: Vec<u32> = listed.lines().filter_map(|line| line.parse().ok()).collect();
    if found.contains(&pid) { found } else { vec![pid] }
}

/// From /proc/PID/cgroup, see cgroups(7): a node with version 1 may have a `0::` line, too, without any controllers.
fn group(own: &str) -> Option<PathBuf> {
    let path_of = |hierarchy: &str| {
        own.lines().find_map(|line| {
            let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
            controllers.split(',').any(|name| name == hierarchy).then(|| path.trim_start_matches('/'))
        })
    };
    path_of("pids").map(|path| Path::new("pids").join(path)).or_else(|| path_of("").map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::super::frame::tests::request;
    use super::*;

    #[test]
    fn is_asked_for_one_container() {
        let mut pids = PidsRequest::new();
        pids.id = "c0".to_owned();
        let payload = pids.write_to_bytes().expect("encoded");
        let ask = |service: &str, method: &str| asked(&request(1, service, method, payload.clone()));
        assert_eq!(ask("containerd.task.v2.Task", "Pids").as_deref(), Some("c0"));
        assert_eq!(ask("containerd.task.v2.Task", "State"), None);
        assert_eq!(ask("containerd.task.v3.Task", "Pids"), None);
    }

    #[test]
    fn a_cgroup_of_either_version_is_found() {
        let hybrid = "9:name=systemd:/a\n8:pids:/kubepods/p/c\n4:cpu,cpuacct:/x\n0::/b\n";
        assert_eq!(group(hybrid).as_deref(), Some(Path::new("pids/kubepods/p/c")));
        assert_eq!(group("8:cpu,pids:/a:b\n").as_deref(), Some(Path::new("pids/a:b")));
        assert_eq!(group("0::/kubepods.slice/c.scope\n").as_deref(), Some(Path::new("kubepods.slice/c.scope")));
        assert_eq!(group("9:name=systemd:/a\n"), None);
        assert_eq!(group(""), None);
    }

    #[test]
    fn a_process_is_a_member_of_its_own_cgroup() {
        assert!(members(process::id()).contains(&process::id()));
    }
}
