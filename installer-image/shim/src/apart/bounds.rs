//! What the compilation of one layer may take of a node, and how a process is held to it.

use std::ffi::c_int;
use std::io;
use std::{fmt, fs, thread};

use super::share;

/// A JavaScript engine, 13 MB of WebAssembly, takes some 400 MB (docs/decisions/).
const MEMORY_BYTES_MIN: u64 = 512 << 20;
const MEMORY_BYTES_MAX: u64 = 2 << 30;
/// Of the node's memory, for one of two (ahead.rs).
const MEMORY_SHARE: u64 = 4;
/// The same engine takes 12 s.
const PROCESSOR_SECONDS_MAX: u32 = 300;
/// That is how long the operator waits for a deployment.
const SECONDS_MAX: u32 = 600;
/// Each has a stack and a compiler's working memory of its own, and more gain little.
const THREADS_MAX: u32 = 8;

/// `nobody`, by the number that every system has it by.
const NOBODY: libc::uid_t = 65_534;
/// After everything else of the node.
const NICE: c_int = 19;
/// Before everything else, where memory runs out.
const OOM_SCORE: &str = "1000";

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    pub memory_bytes: u64,
    pub processor_seconds: u32,
    pub seconds: u32,
    pub threads: u32,
}

impl fmt::Display for Bounds {
    fn fmt(&self, into: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { memory_bytes, processor_seconds, seconds, .. } = self;
        write!(into, "{} MiB of memory, {processor_seconds} s of a processor, {seconds} s in all", memory_bytes >> 20)
    }
}

impl Bounds {
    pub fn of_node() -> Self {
        let processors = thread::available_parallelism().map_or(1, |some| some.get());
        let memory = fs::read_to_string("/proc/meminfo").ok().and_then(|text| memory_total(&text));
        Self::of(memory.unwrap_or(0), u32::try_from(processors).unwrap_or(u32::MAX))
    }

    fn of(memory_total: u64, processors: u32) -> Self {
        Self {
            memory_bytes: (memory_total / MEMORY_SHARE).clamp(MEMORY_BYTES_MIN, MEMORY_BYTES_MAX),
            processor_seconds: PROCESSOR_SECONDS_MAX,
            seconds: SECONDS_MAX,
            threads: processors.min(THREADS_MAX),
        }
    }

    pub fn to_args(self) -> [String; 4] {
        let Self { memory_bytes, processor_seconds, seconds, threads } = self;
        [memory_bytes.to_string(), processor_seconds.to_string(), seconds.to_string(), threads.to_string()]
    }

    pub fn from_args(args: &[String]) -> Option<Self> {
        let [memory_bytes, processor_seconds, seconds, threads] = args else {
            return None;
        };
        Some(Self {
            memory_bytes: memory_bytes.parse().ok()?,
            processor_seconds: processor_seconds.parse().ok()?,
            seconds: seconds.parse().ok()?,
            threads: threads.parse().ok()?,
        })
    }

    /// Nothing else of the shim's: containerd's environment holds passwords of proxies.
    pub fn environment(self) -> [(&'static str, String); 1] {
        [("RAYON_NUM_THREADS", self.threads.to_string())]
    }

    /// This process, for good. Where it is not root, as in tests, it stays who it is.
    pub fn enter(self) -> io::Result<()> {
        fs::write("/proc/self/oom_score_adj", OOM_SCORE)?;
        share::join();
        // SAFETY: each takes numbers, and changes nothing but this process.
        unsafe {
            // Nothing that the shim holds open; a kernel without it (before 5.9) closes what is marked so, which is all.
            libc::syscall(libc::SYS_close_range, 3, c_int::MAX, 0);
            libc::nice(NICE);
            limit(libc::RLIMIT_DATA, self.memory_bytes)?;
            limit(libc::RLIMIT_CPU, self.processor_seconds.into())?;
            limit(libc::RLIMIT_FSIZE, 0)?;
            limit(libc::RLIMIT_CORE, 0)?;
            libc::alarm(self.seconds);
            if libc::geteuid() == 0 {
                // Best effort: it has no file to speak through, and this takes the node's network away as well.
                libc::unshare(libc::CLONE_NEWNET | libc::CLONE_NEWIPC);
                done(libc::setgroups(0, std::ptr::null()))?;
                done(libc::setresgid(NOBODY, NOBODY, NOBODY))?;
                done(libc::setresuid(NOBODY, NOBODY, NOBODY))?;
            }
            // With the shim, and so with the pod. Not before: a change of user takes it back.
            done(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong))?;
            let (yes, none): (libc::c_ulong, libc::c_ulong) = (1, 0);
            done(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, yes, none, none, none))
        }
    }
}

fn limit(resource: libc::__rlimit_resource_t, most: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: it reads the two numbers.
    done(unsafe { libc::setrlimit(resource, &raw const limit) })
}

fn done(result: c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// In bytes, from /proc/meminfo.
fn memory_total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_nodes_memory_but_enough_for_an_engine() {
        let memory = |total: u64| Bounds::of(total, 2).memory_bytes >> 20;
        assert_eq!([0, 1 << 30, 4 << 30, 64 << 30].map(memory), [512, 512, 1024, 2048]);
    }

    #[test]
    fn no_more_threads_than_pay() {
        assert_eq!([1, 2, 64].map(|processors| Bounds::of(0, processors).threads), [1, 2, 8]);
    }

    #[test]
    fn the_nodes_memory_is_what_the_kernel_says() {
        assert_eq!(memory_total("MemTotal:       24594080 kB\nMemFree:   1 kB\n"), Some(24_594_080 * 1024));
        for text in ["", "MemTotal: many kB", "MemFree: 1 kB"] {
            assert_eq!(memory_total(text), None, "{text}");
        }
    }

    #[test]
    fn arguments_say_what_they_were_made_from() {
        let bounds = Bounds { memory_bytes: 3, processor_seconds: 5, seconds: 7, threads: 9 };
        assert_eq!(Bounds::from_args(&bounds.to_args()), Some(bounds));
        for args in [&["3", "5", "7"][..], &["3", "5", "7", "x"], &[]] {
            assert_eq!(Bounds::from_args(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>()), None);
        }
    }
}
