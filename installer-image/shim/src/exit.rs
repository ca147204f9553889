//! From a guest's end to the container's exit code and the pod's log.

use anyhow::Result;
use wasmtime_wasi::I32Exit;

/// `proc_exit(n)` and `wasi:cli/exit` end a guest through an error, which is not one.
pub fn code(ended: wasmtime::Result<i32>) -> Result<i32> {
    match ended {
        Ok(code) => Ok(code),
        Err(err) => match err.downcast_ref::<I32Exit>() {
            Some(I32Exit(code)) => Ok(*code),
            None => Err(err.into()),
        },
    }
}

/// containerd-shim-wasm writes the reason of a failed start to containerd's log and exits with 137, which reads as
/// "killed". The author of the pod sees only the pod's log, so the reason goes there, too.
pub fn explain(err: &anyhow::Error) {
    eprintln!("{}: {err:#}", crate::PROGRAM);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_is_a_code_and_a_trap_is_an_error() {
        assert_eq!(code(Ok(0)).expect("ended"), 0);
        assert_eq!(code(Err(wasmtime::Error::from(I32Exit(42)))).expect("exited"), 42);
        assert!(code(Err(wasmtime::Trap::UnreachableCodeReached.into())).is_err());
    }
}
