//! The content store's files, from inside a container.
//!
//! A container's process sees nothing of the node's files, so the store is opened before it becomes one, and closed
//! before a guest runs. What stays open is one file of code. Whoever could write to that would change the code of every pod that
//! maps it, and a descriptor for reading is no wall: root of another container of the pod may open it anew for writing by way of
//! /proc (as in CVE-2019-5736, where the file was runc). So the store is opened through a mount of its own
//! that is read-only: the kernel refuses a writer however it gets there. Where it cannot make one (before Linux 5.12),
//! the code is copied into memory, and nothing stays open.

use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::Digest;

/// Of this process, which is about to become a container.
static BLOBS: Mutex<Option<Blobs>> = Mutex::new(None);

pub struct Blobs {
    directory: OwnedFd,
    read_only: bool,
}

/// Where the code of a guest is.
pub enum Code {
    /// May be mapped as long as `File` is open: by its path.
    Mapped(File, PathBuf),
    Copied(Vec<u8>),
}

/// `bundle` is that of the pod's sandbox.
pub fn remember_blobs(bundle: &Path) {
    // Without it the code cannot be read, and the container says so. A native container does not need it.
    let blobs = directory_of(bundle).and_then(|directory| Blobs::open(&directory));
    *BLOBS.lock().unwrap_or_else(PoisonError::into_inner) = blobs.ok();
}

/// Once. What is taken is closed when it is dropped.
pub fn take_blobs() -> Option<Blobs> {
    BLOBS.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// containerd links its own directory for what outlives a boot, `ROOT/io.containerd.runtime.v2.task/NAMESPACE/ID`, into
/// each bundle as `work`.
pub fn directory_of(bundle: &Path) -> io::Result<PathBuf> {
    let work = fs::read_link(bundle.join("work"))?;
    let root = work.ancestors().nth(3).ok_or(io::ErrorKind::NotFound)?;
    Ok(root.join("io.containerd.content.v1.content/blobs/sha256"))
}

impl Blobs {
    fn open(directory: &Path) -> io::Result<Self> {
        if let Ok(directory) = read_only_mount(directory) {
            return Ok(Self { directory, read_only: true });
        }
        Ok(Self { directory: File::open(directory)?.into(), read_only: false })
    }

    pub fn code(&self, digest: &Digest) -> io::Result<Code> {
        let mut file = self.file(digest)?;
        if self.read_only {
            let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
            return Ok(Code::Mapped(file, path));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Code::Copied(bytes))
    }

    fn file(&self, digest: &Digest) -> io::Result<File> {
        let name = CString::new(digest.file())?;
        let flags = libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NOFOLLOW;
        // SAFETY: the name is a string, the descriptor open.
        owned(unsafe { libc::openat(self.directory.as_raw_fd(), name.as_ptr(), flags) }.into()).map(File::from)
    }
}

/// As the kernel's `struct mount_attr`.
#[repr(C)]
struct MountAttr {
    set: u64,
    clear: u64,
    propagation: u64,
    userns_fd: u64,
}

/// A mount of this directory that is nowhere in the tree of mounts.
fn read_only_mount(directory: &Path) -> io::Result<OwnedFd> {
    const NOSUID_NODEV: u64 = 0x2 | 0x4;
    let path = CString::new(directory.as_os_str().as_bytes())?;
    let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC;
    // SAFETY: the path is a string, and the attributes are those of the size that is given.
    unsafe {
        let mount = owned(libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags))?;
        let attributes = MountAttr { set: 0x1 | NOSUID_NODEV, clear: 0, propagation: 0, userns_fd: 0 };
        let set = libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            &raw const attributes,
            size_of::<MountAttr>(),
        );
        if set == 0 { Ok(mount) } else { Err(io::Error::last_os_error()) }
    }
}

fn owned(result: libc::c_long) -> io::Result<OwnedFd> {
    match i32::try_from(result) {
        // SAFETY: it was opened just now, and is nobody else's.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A directory like containerd's, with one blob.
    struct Node(PathBuf);

    impl Node {
        fn new(name: &str) -> Self {
            let dir = std::env::temp_dir().join(format!("shim-blobs-{name}-{}", std::process::id()));
            let blobs = dir.join("root/io.containerd.content.v1.content/blobs/sha256");
            fs::create_dir_all(&blobs).expect("store");
            fs::write(blobs.join(Digest::of(b"code").file()), b"code").expect("blob");
            fs::create_dir_all(dir.join("bundle")).expect("bundle");
            symlink(dir.join("root/io.containerd.runtime.v2.task/k8s.io/pod"), dir.join("bundle/work")).expect("link");
            Self(dir)
        }

        fn blobs(&self) -> PathBuf {
            directory_of(&self.0.join("bundle")).expect("found")
        }
    }

    impl Drop for Node {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn code_is_found_by_its_digest_and_closed_with_what_was_taken() {
        let node = Node::new("found");
        remember_blobs(&node.0.join("bundle"));
        let blobs = take_blobs().expect("remembered");
        assert!(take_blobs().is_none());
        assert!(blobs.code(&Digest::of(b"other")).is_err());
        match blobs.code(&Digest::of(b"code")).expect("opened") {
            Code::Mapped(_file, path) => assert_eq!(fs::read(path).expect("read"), b"code"),
            Code::Copied(bytes) => assert_eq!(bytes, b"code"),
        }
        remember_blobs(&node.0);
        assert!(take_blobs().is_none(), "no bundle, no store");
    }

    #[test]
    fn without_a_mount_of_its_own_it_is_a_copy() {
        let node = Node::new("copied");
        let blobs = Blobs { directory: File::open(node.blobs()).expect("opened").into(), read_only: false };
        assert!(matches!(blobs.code(&Digest::of(b"code")), Ok(Code::Copied(bytes)) if bytes == b"code"));
    }

    #[test]
    fn what_is_mapped_cannot_be_opened_for_writing_by_root_either() {
        let node = Node::new("written");
        let Ok(directory) = read_only_mount(&node.blobs()) else {
            // SAFETY: it only asks.
            assert_ne!(unsafe { libc::geteuid() }, 0, "root makes mounts on every kernel that this is developed on");
            return;
        };
        let blobs = Blobs { directory, read_only: true };
        let Code::Mapped(_file, path) = blobs.code(&Digest::of(b"code")).expect("opened") else {
            panic!("a copy");
        };
        drop(blobs); // as it is when guests run
        assert_eq!(fs::read(&path).expect("read"), b"code");
        let refused = File::options().write(true).open(&path).expect_err("written to");
        assert_eq!(refused.raw_os_error(), Some(libc::EROFS));
    }
}
