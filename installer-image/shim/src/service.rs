//! Stands between containerd and containerd-shimkit's task service, to answer what that leaves out.
//!
//! containerd-shimkit 0.1.2 does not answer `Pids`. A containerd that starts asks it of every shim that it finds, takes
//! one without an answer for a leak of an earlier crash, and throws the task away: every restart of containerd, an
//! installation of ours among them, killed every Wasm pod of its node. The crate offers no way to add a method, so the
//! socket that containerd gave us goes to this file, and a socket of our own to the crate. Everything else is passed on,
//! a request for a container when its code is there (ahead.rs).

mod create;
mod frame;
mod pids;

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{env, net, thread};

use containerd_shimkit::zygote::Zygote;

use create::Create;
use frame::Frame;

/// Where containerd-shim expects the socket to listen on.
const LISTENER: RawFd = 3;

/// In the bundle of the pod's sandbox, the working directory: only root gets there. The name is relative since that of
/// a socket may have 107 bytes, and an abstract one would be open to every pod on the node's network.
const INNER: &str = "task.sock";

/// What keeps us from accepting, such as too many open files, does not pass at once.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// First thing in `main` but one, and only of use in the process that serves containerd.
pub fn stand_in_front() {
    if env::args().any(|arg| arg == "start" || arg == "delete") || !listens(LISTENER) {
        return;
    }
    // It forks, and would copy whatever lock another thread holds just then.
    Zygote::init();
    // There is no log yet. Without us the shim does all that it would do anyway.
    let _ = intercept();
}

fn listens(fd: RawFd) -> bool {
    let mut listening: libc::c_int = 0;
    let mut size = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: value and size are those of an int, as this option wants them.
    let asked = unsafe {
        libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_ACCEPTCONN, (&raw mut listening).cast(), &raw mut size)
    };
    asked == 0 && listening == 1
}

fn intercept() -> io::Result<()> {
    // SAFETY: the descriptor is open, and its copy nobody else's.
    let outer = unsafe {
        let copy = libc::fcntl(LISTENER, libc::F_DUPFD_CLOEXEC, LISTENER + 1);
        if copy < 0 {
            return Err(io::Error::last_os_error());
        }
        UnixListener::from_raw_fd(copy)
    };
    let _ = fs::remove_file(INNER);
    let inner = UnixListener::bind(INNER)?;
    fs::set_permissions(INNER, fs::Permissions::from_mode(0o600))?;
    // SAFETY: both are open, and nobody has begun to use the one that is replaced.
    if unsafe { libc::dup3(inner.as_raw_fd(), LISTENER, libc::O_CLOEXEC) } < 0 {
        return Err(io::Error::last_os_error());
    }
    thread::spawn(move || {
        for connection in outer.incoming() {
            match connection {
                Ok(connection) => drop(thread::spawn(move || relay(&connection))),
                Err(err) => {
                    log::error!("containerd's connection cannot be accepted: {err}");
                    thread::sleep(ACCEPT_AGAIN);
                }
            }
        }
    });
    Ok(())
}

fn relay(outer: &UnixStream) {
    if let Err(err) = UnixStream::connect(INNER).and_then(|inner| try_relay(outer, &inner)) {
        log::error!("containerd's connection cannot be served: {err}");
    }
    let _ = outer.shutdown(net::Shutdown::Both);
}

/// One connection, until either side closes it.
fn try_relay(outer: &UnixStream, inner: &UnixStream) -> io::Result<()> {
    // Answers come from the service and from us, and each has to be sent in one piece.
    let answers = Arc::new(Mutex::new(outer.try_clone()?));
    let back = thread::spawn({
        let (from, answers, outer) = (inner.try_clone()?, Arc::clone(&answers), outer.try_clone()?);
        move || {
            let ended = pass(&from, |frame| send(&answers, &frame));
            let _ = outer.shutdown(net::Shutdown::Both);
            ended
        }
    });
    let requests = Arc::new(Mutex::new(inner.try_clone()?));
    let ended = pass(outer, |frame| {
        // In threads of their own, since a request must not wait for the answer to another one.
        if let Some(id) = pids::asked(&frame) {
            let answers = Arc::clone(&answers);
            thread::spawn(move || send(&answers, &frame.reply(pids::answer(&id))));
        } else if let Some(create) = create::asked(&frame) {
            let (answers, requests) = (Arc::clone(&answers), Arc::clone(&requests));
            thread::spawn(move || match create.wait() {
                Ok(()) => send(&requests, &frame),
                Err(why) => send(&answers, &Create::refusal(&frame, why)),
            });
        } else {
            send(&requests, &frame)?;
        }
        Ok(())
    });
    let _ = inner.shutdown(net::Shutdown::Both);
    back.join().unwrap_or(Ok(()))?;
    ended
}

fn pass(from: &UnixStream, mut to: impl FnMut(Frame) -> io::Result<()>) -> io::Result<()> {
    while let Some(frame) = Frame::read(from)? {
        to(frame)?;
    }
    Ok(())
}

fn send(to: &Mutex<UnixStream>, frame: &Frame) -> io::Result<()> {
    frame.write(&*to.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use containerd_shim_protos::api::CreateTaskRequest;
    use containerd_shim_protos::protobuf::Message;
    use containerd_shim_protos::ttrpc::Response;

    use super::frame::tests::request;
    use super::*;

    const TASK: &str = "containerd.task.v2.Task";

    #[test]
    fn everything_passes_and_pids_is_answered() {
        let (containerd, outer) = UnixStream::pair().expect("sockets");
        let (inner, service) = UnixStream::pair().expect("sockets");
        let relay = thread::spawn(move || try_relay(&outer, &inner));
        let read = |from: &UnixStream| Frame::read(from).expect("read");
        request(1, TASK, "Pids", Vec::new()).write(&containerd).expect("written");
        // There is no service to ask for the state: the answer says so.
        let answer = read(&containerd).expect("an answer");
        assert!(answer.is_error_on(1));
        let mut create = CreateTaskRequest::new();
        create.id = "c0".to_owned();
        let create = request(7, TASK, "Create", create.write_to_bytes().expect("encoded"));
        create.write(&containerd).expect("written");
        // There is no containerd to ask for an image: the service finds out what is wrong.
        assert_eq!(read(&service), Some(create));
        for stream in [3, 5] {
            let asked = request(stream, TASK, "State", vec![7; 100_000]);
            asked.write(&containerd).expect("written");
            assert_eq!(read(&service).as_ref(), Some(&asked));
            let answered = asked.reply(Ok(Response::new()));
            answered.write(&service).expect("written");
            assert_eq!(read(&containerd), Some(answered));
        }
        drop(containerd);
        assert_eq!(read(&service), None);
        relay.join().expect("joined").expect("ended in order");
    }

    #[test]
    fn the_service_may_close_first() {
        let (containerd, outer) = UnixStream::pair().expect("sockets");
        let (inner, service) = UnixStream::pair().expect("sockets");
        let relay = thread::spawn(move || try_relay(&outer, &inner));
        drop(service);
        assert_eq!(Frame::read(&containerd).expect("read"), None);
        relay.join().expect("joined").expect("ended in order");
    }

    #[test]
    fn a_listening_socket_is_told_from_another() {
        let path = env::temp_dir().join(format!("shim-service-{}.sock", std::process::id()));
        let listener = UnixListener::bind(&path).expect("bound");
        let (connected, _other) = UnixStream::pair().expect("sockets");
        assert!(listens(listener.as_raw_fd()));
        assert!(!listens(connected.as_raw_fd()));
        assert!(!listens(-1));
        fs::remove_file(path).expect("removed");
    }
}
