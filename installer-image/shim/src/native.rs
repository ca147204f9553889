//! The environment of native containers: sidecars in a Wasm pod, and the pause container.
//!
//! containerd-shim-wasm 1.0.1 keeps libcontainer from setting a container's environment, since it would be Wasm's host
//! process that gets it (https://github.com/containerd/runwasi/issues/619), and forgets that native containers need it:
//! they run with the environment of the shim, which is containerd's, proxy passwords and all, and without their own.
//!
//! It leaves two places to mend that. `Shim::name()` is called in the process that is about to become a container:
//! there the specifications of the pod's containers can still be read. And its last step for a native container is
//! libc's `execvp`, which this file defines: the environment is changed only there, within the container's walls,
//! because on the node, as root, variables such as LD_PRELOAD or LISTEN_FDS of an unknown image would be a way out.

mod program;

use std::ffi::{CStr, CString, c_char, c_int};
use std::os::unix::fs::MetadataExt;
use std::sync::OnceLock;
use std::{fs, ptr};

use program::Program;

use crate::bundles::Bundle;

static STARTING: OnceLock<Starting> = OnceLock::new();

/// What may become of this process.
struct Starting {
    programs: Vec<Program>,
    node_root: Root,
}

/// Identifies a root directory: it is another one once the process has moved into its container.
type Root = (u64, u64);

/// Before the process moves into its container, where the node's files are out of reach.
pub fn remember_programs(starting: &[Bundle]) {
    STARTING.get_or_init(|| Starting {
        programs: starting.iter().filter_map(|bundle| Program::new(&bundle.spec)).collect(),
        node_root: root().unwrap_or_default(),
    });
}

fn root() -> Option<Root> {
    fs::metadata("/").ok().map(|root| (root.dev(), root.ino()))
}

/// The environment of the program with these arguments, if this process is inside a container.
fn environment_inside(args: &[&[u8]]) -> Option<Vec<CString>> {
    let starting = STARTING.get()?;
    if root()? == starting.node_root {
        return None;
    }
    let program = starting.programs.iter().find(|program| program.is_called(args))?;
    Some(program.environment())
}

/// Takes the place of libc's function for all of this program. Whoever else calls it (an OCI hook is run so) gets what
/// libc does: the process's own environment.
///
/// # Safety
/// As libc's: `file` is a string, `argv` a list of strings that ends with a null pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn execvp(file: *const c_char, argv: *const *const c_char) -> c_int {
    // SAFETY: the caller's promise, above; `environ` is libc's own list.
    unsafe {
        let Some(environment) = environment_inside(&strings(argv)) else {
            return libc::execvpe(file, argv, environ);
        };
        let mut pointers: Vec<*const c_char> = environment.iter().map(|entry| entry.as_ptr()).collect();
        pointers.push(ptr::null());
        // execvpe looks the program up in the PATH of the environment that the process has, not of the one it gets.
        environ = pointers.as_ptr();
        libc::execvpe(file, argv, environ)
    }
}

unsafe extern "C" {
    static mut environ: *const *const c_char;
}

unsafe fn strings<'a>(list: *const *const c_char) -> Vec<&'a [u8]> {
    let mut found = Vec::new();
    // SAFETY: by the caller, every pointer before the null one is a string.
    unsafe {
        while !(*list.add(found.len())).is_null() {
            found.push(CStr::from_ptr(*list.add(found.len())).to_bytes());
        }
    }
    found
}
