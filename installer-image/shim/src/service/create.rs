//! Before a container is made.

use std::env;
use std::path::Path;
use std::time::Duration;

use containerd_shim_protos::api::{CreateTaskRequest, CreateTaskResponse};
use containerd_shim_protos::protobuf::Message;
use containerd_shim_protos::ttrpc::{self, Code};

use super::frame::Frame;
use crate::ahead::{self, NotMade};

/// Of the time that a call has: the rest is for making the container, or for the answer to arrive.
const SHARE: f64 = 0.75;

#[derive(Debug, PartialEq)]
pub struct Create {
    container: String,
    /// None: containerd waits as long as it takes.
    patience: Option<Duration>,
}

/// What is to be made, if that is what the message is about. The pod's own sandbox needs nothing.
pub fn asked(frame: &Frame) -> Option<Create> {
    let request = frame.request()?;
    if request.service != "containerd.task.v2.Task" || request.method != "Create" {
        return None;
    }
    let container = CreateTaskRequest::parse_from_bytes(&request.payload).ok()?.id;
    let sandbox = env::current_dir().ok()?;
    if container.is_empty() || sandbox.file_name() == Path::new(&container).file_name() {
        return None;
    }
    let left = u64::try_from(request.timeout_nano).ok().filter(|nanos| *nanos > 0).map(Duration::from_nanos);
    Some(Create { container, patience: left.map(|left| left.mul_f64(SHARE)) })
}

impl Create {
    /// When the container can be made, or else why not.
    pub fn wait(self) -> ttrpc::Result<()> {
        ahead::ready(self.container, self.patience).map_err(|why| {
            let code = match why {
                NotMade::StillCompiling(_) => Code::UNAVAILABLE,
                NotMade::Refused(_) => Code::FAILED_PRECONDITION,
            };
            ttrpc::Error::RpcStatus(ttrpc::get_status(code, why.to_string()))
        })
    }

    pub fn refusal(frame: &Frame, why: ttrpc::Error) -> Frame {
        frame.reply(Err::<CreateTaskResponse, _>(why))
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::tests::request;
    use super::*;

    const TASK: &str = "containerd.task.v2.Task";

    fn create(id: &str) -> Vec<u8> {
        let mut create = CreateTaskRequest::new();
        create.id = id.to_owned();
        create.write_to_bytes().expect("encoded")
    }

    #[test]
    fn is_about_one_container_and_the_time_that_is_left() {
        let seconds = |seconds: u64| Duration::from_secs(seconds);
        let asked_within = |nanos: i64| asked(&request(1, TASK, "Create", create("c0")).within(nanos));
        let made = |patience| Some(Create { container: "c0".to_owned(), patience });
        assert_eq!(asked_within(0), made(None));
        assert_eq!(asked_within(-1), made(None));
        assert_eq!(asked_within(120_000_000_000), made(Some(seconds(90))));
    }

    #[test]
    fn other_messages_are_none_of_its_business() {
        assert_eq!(asked(&request(1, TASK, "Start", create("c0"))), None);
        assert_eq!(asked(&request(1, "containerd.task.v3.Task", "Create", create("c0"))), None);
        assert_eq!(asked(&request(1, TASK, "Create", vec![0xff; 3])), None);
        let sandbox = env::current_dir().expect("some");
        let sandbox = sandbox.file_name().expect("named").to_str().expect("text");
        assert_eq!(asked(&request(1, TASK, "Create", create(sandbox))), None);
    }
}
