//! A layer is compiled in a process apart, which is held to bounds and has nothing to lose.
//!
//! What an image brings decides how long its compilation takes and how much memory it needs, and the shim is root on the
//! node, outside of every pod's limits, and among the last that the kernel ends for want of memory. So this program starts
//! itself once more: the new process gives all of that up (apart/bounds.rs) before it reads the first byte of the layer
//! from its standard input, and answers on its standard output.

mod bounds;
mod share;

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fmt, iter, thread};

use anyhow::{Context, Result};

use crate::{PROGRAM, compiler, engine};
use bounds::Bounds;

/// containerd's own arguments begin with flags.
const COMMAND: &str = "compile-layer";
/// Whatever path it had: an update of the shim may have taken the file away meanwhile.
const THIS_PROGRAM: &str = "/proc/self/exe";
/// What a process says before it ends; the rest of it is thrown away.
const LAST_WORDS_BYTES_MAX: u64 = 2 << 10;

const CODE: u8 = b'C';
const INVALID: u8 = b'I';

#[derive(Debug)]
pub enum Failure {
    /// The compiler's own words: no node would compile it.
    Invalid(String),
    /// The process ended without an answer, as it does at its bounds.
    Ended {
        bounds: String,
        last_words: String,
    },
    Io(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, into: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(why) => into.write_str(why),
            Self::Ended { bounds, last_words } => {
                write!(into, "it is not compiled within what this node gives to one module, {bounds}")?;
                if last_words.is_empty() { Ok(()) } else { write!(into, " ({last_words})") }
            }
            Self::Io(err) => write!(into, "its compiler cannot be started: {err}"),
        }
    }
}

/// Machine code for this node's processor and `engine::new`.
pub fn compile(layer: File) -> Result<Vec<u8>, Failure> {
    compile_by(Path::new(THIS_PROGRAM), layer, Bounds::of_node())
}

fn compile_by(program: &Path, layer: File, bounds: Bounds) -> Result<Vec<u8>, Failure> {
    let mut child = Command::new(program)
        .arg0(PROGRAM)
        .arg(COMMAND)
        .args(bounds.to_args())
        .env_clear()
        .envs(bounds.environment())
        .stdin(layer)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(Failure::Io)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (answer, last_words) = thread::scope(|scope| {
        let listening = scope.spawn(|| stderr.map(last_words_of).unwrap_or_default());
        let answer = stdout.map(|from| answer_from(from, bounds.memory_bytes)).transpose();
        (answer, listening.join().unwrap_or_default())
    });
    // Most often somebody else was faster: containerd-shim waits for every child of the shim. So what is known of the
    // end is what was answered before.
    let _ = child.wait();
    share::tidy();
    match answer {
        Ok(Some(Answer::Code(code))) => {
            if !last_words.is_empty() {
                log::warn!("the compiler says: {last_words}");
            }
            Ok(code)
        }
        Ok(Some(Answer::Invalid(why))) => Err(Failure::Invalid(why)),
        Ok(None) | Err(_) => Err(Failure::Ended { bounds: bounds.to_string(), last_words }),
    }
}

enum Answer {
    Code(Vec<u8>),
    Invalid(String),
}

/// An error: there is no whole answer.
fn answer_from(mut from: impl Read, bytes_max: u64) -> io::Result<Answer> {
    let mut head = [0; 9];
    from.read_exact(&mut head)?;
    let [kind, length @ ..] = head;
    let length = u64::from_le_bytes(length);
    // What a module has made of its compiler is not to be believed.
    if length > bytes_max {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut bytes = Vec::new();
    from.take(length).read_to_end(&mut bytes)?;
    match kind {
        _ if bytes.len() as u64 != length => Err(ErrorKind::UnexpectedEof.into()),
        CODE => Ok(Answer::Code(bytes)),
        INVALID => Ok(Answer::Invalid(String::from_utf8_lossy(&bytes).into_owned())),
        _ => Err(ErrorKind::InvalidData.into()),
    }
}

fn last_words_of(mut from: impl Read) -> String {
    let mut said = Vec::new();
    let _ = from.by_ref().take(LAST_WORDS_BYTES_MAX).read_to_end(&mut said);
    // Or else a process that talks for ever would wait for us for ever.
    let _ = io::copy(&mut from, &mut io::sink());
    String::from_utf8_lossy(&said).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// First thing in `main`. None: this process is no compiler.
pub fn exit_code_if_asked() -> Option<i32> {
    let args: Vec<String> = env::args().skip(1).collect();
    let (command, bounds) = args.split_first()?;
    if command != COMMAND {
        return None;
    }
    Some(match serve(bounds) {
        Ok(()) => 0,
        Err(err) => {
            eprintln!("{err:#}");
            1
        }
    })
}

fn serve(bounds: &[String]) -> Result<()> {
    let bounds = Bounds::from_args(bounds).context("it is started by the shim alone")?;
    bounds.enter().context("the compiler cannot be held to its bounds")?;
    let mut layer = Vec::new();
    io::stdin().lock().read_to_end(&mut layer)?;
    let (kind, bytes) = match compiled(&layer) {
        Ok(code) => (CODE, code),
        Err(err) => (INVALID, format!("{err:#}").into_bytes()),
    };
    let mut to = io::stdout().lock();
    to.write_all(&iter::once(kind).chain((bytes.len() as u64).to_le_bytes()).collect::<Vec<u8>>())?;
    to.write_all(&bytes)?;
    to.flush()?;
    Ok(())
}

fn compiled(layer: &[u8]) -> Result<Vec<u8>> {
    compiler::compile(&engine::new()?, layer)?.context("it is not WebAssembly")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(bytes: &[u8]) -> io::Result<Answer> {
        answer_from(bytes, 8)
    }

    #[test]
    fn an_answer_is_whole_or_none() {
        assert!(matches!(answer(b"C\x03\0\0\0\0\0\0\0abc").expect("whole"), Answer::Code(code) if code == b"abc"));
        assert!(matches!(answer(b"I\x01\0\0\0\0\0\0\0?").expect("whole"), Answer::Invalid(why) if why == "?"));
        for broken in [
            &b""[..],
            b"C\x03\0\0\0",
            b"C\x03\0\0\0\0\0\0\0ab",
            b"?\x01\0\0\0\0\0\0\0a",
            b"C\x09\0\0\0\0\0\0\0abcdefghi",
        ] {
            assert!(answer(broken).is_err(), "{broken:?}");
        }
    }

    /// Programs that take the arguments of a compiler for something else.
    #[test]
    fn a_process_that_does_not_answer_is_told_with_its_last_words() {
        let ended = |program: &str| {
            let layer = File::open("/dev/null").expect("opened");
            compile_by(Path::new(program), layer, Bounds::of_node()).expect_err(program)
        };
        let Failure::Ended { last_words, bounds } = ended("/bin/cat") else { panic!("ended") };
        assert!(last_words.contains(COMMAND) && bounds.contains("MiB"), "{last_words} {bounds}");
        for silent in ["/bin/echo", "/bin/true"] {
            assert!(matches!(ended(silent), Failure::Ended { last_words, .. } if last_words.is_empty()), "{silent}");
        }
        assert!(matches!(ended("/nowhere"), Failure::Io(_)));
    }
}
