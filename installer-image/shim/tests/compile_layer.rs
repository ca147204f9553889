//! The shim's own program as a compiler: what it may take, and what it has left of the shim's powers.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

const HEAD_BYTES: usize = 9;

struct Bounds {
    memory_bytes: u64,
    processor_seconds: u32,
    seconds: u32,
}

const WIDE: Bounds = Bounds { memory_bytes: 1 << 30, processor_seconds: 60, seconds: 600 };

fn start(bounds: &Bounds) -> Child {
    Command::new(env!("CARGO_BIN_EXE_containerd-shim-wasmtime-v1"))
        .arg("compile-layer")
        .args([bounds.memory_bytes.to_string(), bounds.processor_seconds.to_string(), bounds.seconds.to_string()])
        .arg("2")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started")
}

fn compile(bounds: &Bounds, layer: &[u8]) -> Output {
    let mut child = start(bounds);
    let mut to = child.stdin.take().expect("piped");
    to.write_all(layer).expect("it reads all before it begins");
    drop(to);
    child.wait_with_output().expect("waited")
}

/// Some megabytes of code in few functions: what costs a compiler most.
fn large() -> Vec<u8> {
    let step = "local.get 0 i32.mul local.get 1 i32.xor local.tee 0 ".repeat(60_000);
    let function = format!("(func (param i32 i32) (result i32) local.get 0 {step})");
    wat::parse_str(format!("(module {})", function.repeat(4))).expect("wat")
}

#[test]
fn code_comes_back_whole() {
    let module = wat::parse_str("(module (func (export \"_start\")))").expect("wat");
    let output = compile(&WIDE, &module);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (head, code) = output.stdout.split_at(HEAD_BYTES);
    assert_eq!(head[0], b'C');
    assert_eq!(u64::from_le_bytes(head[1..].try_into().expect("eight")), code.len() as u64);
    assert!(code.starts_with(b"\x7fELF"));
}

#[test]
fn what_is_wrong_with_a_module_is_an_answer_too() {
    for layer in [&b"\0asm\x01\0\0\0\xff\xff"[..], b"text"] {
        let output = compile(&WIDE, layer);
        assert!(output.status.success());
        assert_eq!(output.stdout[0], b'I', "{}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn memory_is_bounded() {
    let output = compile(&Bounds { memory_bytes: 64 << 20, ..WIDE }, &large());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.signal().is_some(), "{:?} {said}", output.status);
    assert!(said.contains("memory allocation"), "{said}");
    assert_eq!(output.stdout, b"");
}

#[test]
fn the_time_of_a_processor_is_bounded() {
    let output = compile(&Bounds { processor_seconds: 1, ..WIDE }, &large());
    assert!(matches!(output.status.signal(), Some(libc::SIGKILL | libc::SIGXCPU)), "{:?}", output.status);
    assert_eq!(output.stdout, b"");
}

#[test]
fn time_is_bounded_for_one_that_does_nothing() {
    let mut idle = start(&Bounds { seconds: 1, ..WIDE });
    let open = idle.stdin.take();
    assert_eq!(idle.wait().expect("waited").signal(), Some(libc::SIGALRM));
    drop(open);
}

#[test]
fn it_has_given_up_what_the_shim_has_before_it_reads() {
    let mut child = start(&WIDE);
    let read = |file: &str| fs::read_to_string(format!("/proc/{}/{file}", child.id())).expect(file);
    let status = loop {
        let status = read("status");
        // The last that it does.
        if value(&status, "NoNewPrivs:") == "1" {
            break status;
        }
        thread::sleep(Duration::from_millis(5));
    };
    let fields = |name: &str| value(&status, name).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    // SAFETY: it only asks.
    if unsafe { libc::geteuid() } == 0 {
        assert_eq!([fields("Uid:"), fields("Gid:")], [vec!["65534"; 4], vec!["65534"; 4]]);
        assert!(fields("Groups:").is_empty());
        assert_eq!(fields("CapEff:"), ["0000000000000000"]);
    }
    assert_eq!(read("oom_score_adj").trim(), "1000");
    // After the name, which ends with the last parenthesis, from the third field on.
    let stat = read("stat");
    assert_eq!(stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(16)), Some("19"));
    let limits = read("limits");
    for (name, most) in
        [("Max data size", "1073741824"), ("Max cpu time", "60"), ("Max file size", "0"), ("Max core file size", "0")]
    {
        let fields: Vec<_> = value(&limits, name).split_whitespace().collect();
        assert_eq!(fields[..2], [most, most], "{name}");
    }
    drop(child.stdin.take());
    let output = child.wait_with_output().expect("waited");
    assert_eq!(output.stdout[0], b'I');
}

#[test]
fn nobody_else_starts_it() {
    let output = Command::new(env!("CARGO_BIN_EXE_containerd-shim-wasmtime-v1"))
        .args(["compile-layer", "much"])
        .output()
        .expect("started");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("by the shim alone"));
}

fn value<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines().find_map(|line| line.strip_prefix(name)).expect(name).trim()
}
