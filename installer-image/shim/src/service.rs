//! Stands between containerd and containerd-shimkit's task service, to answer what that leaves out.
//!
//! containerd-shimkit 0.1.2 does not answer `Pids`. A containerd that starts asks it of every shim that it finds, takes
//! one without an answer for a leak of an earlier crash, and throws the task away: every restart of containerd, an
//! installation of ours among them, killed every Wasm pod of its node. The crate offers no way to add a method, so the
//! socket that containerd gave us goes to this file, and a socket of our own to the crate. Everything else is passed on.

mod frame;
mod pids;

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::{env, net, thread};

use containerd_shimkit::zygote::Zygote;

use frame::Frame;

/// Where containerd-shim expects the socket to listen on.
const LISTENER: RawFd = 3;

/// In the bundle of the pod's sandbox, the working directory: only root gets there. The name is relative since that of
/// a socket may have 107 bytes, and an abstract one would be open to every pod on the node's network.
const INNER: &str = "task.sock";

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
    // SAFETY: both are open, and nobody has begun to use the one that is replaced.
    if unsafe { libc::dup3(inner.as_raw_fd(), LISTENER, libc::O_CLOEXEC) } < 0 {
        return Err(io::Error::last_os_error());
    }
    thread::spawn(move || {
        for connection in outer.incoming() {
            match connection {
                Ok(connection) => drop(thread::spawn(move || relay(&connection))),
                Err(err) => log::error!("containerd's connection cannot be accepted: {err}"),
            }
        }
    });
    Ok(())
}

fn relay(outer: &UnixStream) {
    if let Err(err) = try_relay(outer) {
        log::error!("containerd's connection cannot be served: {err}");
    }
    let _ = outer.shutdown(net::Shutdown::Both);
}

/// One connection, until either side closes it.
fn try_relay(outer: &UnixStream) -> io::Result<()> {
    let inner = UnixStream::connect(INNER)?;
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
    let ended = pass(outer, |frame| match pids::asked(&frame) {
        // In a thread of its own, since a request must not wait for the answer to another one.
        Some(id) => {
            let answers = Arc::clone(&answers);
            thread::spawn(move || send(&answers, &frame.reply(pids::answer(&id))));
            Ok(())
        }
        None => frame.write(&inner),
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

fn send(answers: &Mutex<UnixStream>, frame: &Frame) -> io::Result<()> {
    frame.write(&*answers.lock().unwrap_or_else(PoisonError::into_inner))
}
