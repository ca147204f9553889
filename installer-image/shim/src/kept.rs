//! Machine code as one file for all pods of a node that run it.
//!
//! containerd-shim-wasm keeps what the compiler returns in containerd's content store, and at each start reads it into
//! the shim's memory, copies it into the process that becomes the container, and leaves it there: as much memory once
//! more as the code itself takes. So what it keeps is a ticket, a few bytes that name the code, and the code is beside it
//! in the store, where containers map it: pages of one file are in a node's memory once, however many pods run them.

mod blobs;
mod store;

use std::fmt::Write as _;
use std::str;

use sha2::{Digest as _, Sha256};

pub use blobs::{Blobs, Code, directory_of, remember_blobs, take_blobs};
pub use store::{Labels, Store};

/// No machine code (an ELF file) and no Wasm begins so.
const TICKET: &str = "kwasm-code:";

/// Names a blob of the content store: `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq)]
pub struct Digest(String);

impl Digest {
    pub fn of(bytes: &[u8]) -> Self {
        let mut text = "sha256:".to_owned();
        for byte in Sha256::digest(bytes) {
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    pub fn ticket(&self) -> Vec<u8> {
        format!("{TICKET}{}", self.0).into_bytes()
    }

    /// None: the bytes are something else, such as code that could not be kept apart.
    pub fn of_ticket(bytes: &[u8]) -> Option<Self> {
        Self::parse(str::from_utf8(bytes).ok()?.strip_prefix(TICKET)?)
    }

    /// None: it is no digest, or one of another algorithm.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:")?;
        let valid = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        valid.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its file below the store's directory of this algorithm.
    pub fn file(&self) -> &str {
        &self.0["sha256:".len()..]
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn a_ticket_names_what_it_was_made_for() {
        let digest = Digest::of(b"");
        assert_eq!(digest.as_str(), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(Digest::of_ticket(&digest.ticket()), Some(digest));
    }

    #[test]
    fn nothing_else_is_a_ticket() {
        let good = Digest::of(b"").ticket();
        let upper = good.to_ascii_uppercase();
        let path = b"kwasm-code:sha256:../../../../../../../../../../../../../../../../../etc/passwd00000";
        for bytes in [&good[1..], &good[..good.len() - 1], &upper, &path[..], b"\x7fELF\xff", b""] {
            assert_eq!(Digest::of_ticket(bytes), None, "{}", String::from_utf8_lossy(bytes));
        }
    }
}
