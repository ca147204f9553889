//! From a guest's end to the container's exit code and the pod's log.

use anyhow::Result;

/// `proc_exit(n)` ends a guest through an error, which is not one.
pub fn code(ended: Result<(), wasmi::Error>) -> Result<i32> {
    match ended {
        Ok(()) => Ok(0),
        Err(err) => match err.i32_exit_status() {
            Some(code) => Ok(code),
            None => Err(anyhow::anyhow!("{err}").context("the guest failed")),
        },
    }
}

/// containerd-shim-wasm writes the reason of a failed start to containerd's log and exits with 137, which reads as
/// "killed". The author of the pod sees only the pod's log, so the reason goes there, too.
pub fn explain(err: &anyhow::Error) {
    eprintln!("containerd-shim-wasmi: {err:#}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_is_a_code_and_a_trap_is_an_error() {
        assert_eq!(code(Ok(())).expect("ended"), 0);
        assert_eq!(code(Err(wasmi::Error::i32_exit(42))).expect("exited"), 42);
        assert!(code(Err(wasmi::TrapCode::UnreachableCodeReached.into())).is_err());
    }
}
