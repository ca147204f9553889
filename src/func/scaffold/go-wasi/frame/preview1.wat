;; What Go's runtime asks of WASI 0.1, by WASI 0.2. The adapter of wasmtime is not for Go: it takes memory of its own by memory.grow, and Go's runtime,
;; which believes that nobody else does, would later use the same memory (sbrk in runtime/mem_wasm.go). This one keeps nothing: what a host has to write
;; goes to 16 bytes below Go's data, whose content is put back. There are no files and no sockets. Arguments and environment, which need memory, are
;; asked for by the component's own init.
(module
  (import "env" "memory" (memory 0))
  (import "wasi:clocks/wall-clock@0.2.10" "now" (func $wall (param i32)))
  (import "wasi:clocks/monotonic-clock@0.2.10" "now" (func $monotonic (result i64)))
  (import "wasi:clocks/monotonic-clock@0.2.10" "subscribe-duration" (func $after (param i64) (result i32)))
  (import "wasi:clocks/monotonic-clock@0.2.10" "subscribe-instant" (func $at (param i64) (result i32)))
  (import "wasi:io/poll@0.2.10" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/poll@0.2.10" "[resource-drop]pollable" (func $drop_pollable (param i32)))
  (import "wasi:random/random@0.2.10" "get-random-u64" (func $random (result i64)))
  (import "wasi:cli/stdout@0.2.10" "get-stdout" (func $stdout (result i32)))
  (import "wasi:cli/stderr@0.2.10" "get-stderr" (func $stderr (result i32)))
  (import "wasi:io/streams@0.2.10" "[method]output-stream.blocking-write-and-flush"
    (func $write (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.10" "[resource-drop]output-stream" (func $drop_stream (param i32)))
  (import "wasi:io/error@0.2.10" "[resource-drop]error" (func $drop_error (param i32)))

  (func (export "args_sizes_get") (param $count i32) (param $size i32) (result i32)
    (i32.store (local.get $count) (i32.const 0))
    (i32.store (local.get $size) (i32.const 0))
    (i32.const 0))
  (func (export "args_get") (param i32 i32) (result i32) (i32.const 0))
  (func (export "environ_sizes_get") (param $count i32) (param $size i32) (result i32)
    (i32.store (local.get $count) (i32.const 0))
    (i32.store (local.get $size) (i32.const 0))
    (i32.const 0))
  (func (export "environ_get") (param i32 i32) (result i32) (i32.const 0))

  (func (export "clock_time_get") (param $clock i32) (param $precision i64) (param $time i32) (result i32)
    (local $first i64) (local $second i64)
    (if (local.get $clock)
      (then (i64.store (local.get $time) (call $monotonic)))
      (else
        (local.set $first (i64.load (i32.const 4096)))
        (local.set $second (i64.load (i32.const 4104)))
        (call $wall (i32.const 4096))
        (i64.store (local.get $time)
          (i64.add
            (i64.mul (i64.load (i32.const 4096)) (i64.const 1000000000))
            (i64.load32_u (i32.const 4104))))
        (i64.store (i32.const 4096) (local.get $first))
        (i64.store (i32.const 4104) (local.get $second))))
    (i32.const 0))

  (func (export "random_get") (param $at i32) (param $length i32) (result i32)
    (local $word i64)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $length)))
        (if (i32.ge_u (local.get $length) (i32.const 8))
          (then
            (i64.store (local.get $at) (call $random))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (local.set $length (i32.sub (local.get $length) (i32.const 8))))
          (else
            (i64.store8 (local.get $at) (call $random))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (local.set $length (i32.sub (local.get $length) (i32.const 1)))))
        (br $next)))
    (i32.const 0))

  ;; Standard output and error; 8 is EBADF, 29 EIO.
  (func (export "fd_write") (param $fd i32) (param $vectors i32) (param $count i32) (param $written i32) (result i32)
    (local $stream i32) (local $sum i32) (local $failed i32)
    (if (i32.eq (local.get $fd) (i32.const 1))
      (then (local.set $stream (call $stdout)))
      (else
        (if (i32.ne (local.get $fd) (i32.const 2)) (then (return (i32.const 8))))
        (local.set $stream (call $stderr))))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $failed
          (call $write_all (local.get $stream) (i32.load (local.get $vectors)) (i32.load offset=4 (local.get $vectors))))
        (br_if $done (local.get $failed))
        (local.set $sum (i32.add (local.get $sum) (i32.load offset=4 (local.get $vectors))))
        (local.set $vectors (i32.add (local.get $vectors) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (call $drop_stream (local.get $stream))
    (i32.store (local.get $written) (local.get $sum))
    (if (result i32) (local.get $failed) (then (i32.const 29)) (else (i32.const 0))))

  ;; A host takes 4096 bytes at a time.
  (func $write_all (param $stream i32) (param $at i32) (param $length i32) (result i32)
    (local $part i32) (local $failed i32) (local $first i64) (local $second i64)
    (loop $next
      (if (i32.eqz (local.get $length)) (then (return (i32.const 0))))
      (local.set $part
        (select (local.get $length) (i32.const 4096) (i32.lt_u (local.get $length) (i32.const 4096))))
      (local.set $first (i64.load (i32.const 4096)))
      (local.set $second (i64.load (i32.const 4104)))
      (call $write (local.get $stream) (local.get $at) (local.get $part) (i32.const 4096))
      (local.set $failed (i32.load8_u (i32.const 4096)))
      (if (local.get $failed)
        (then
          (if (i32.eqz (i32.load8_u (i32.const 4100)))
            (then (call $drop_error (i32.load (i32.const 4104)))))))
      (i64.store (i32.const 4096) (local.get $first))
      (i64.store (i32.const 4104) (local.get $second))
      (if (local.get $failed) (then (return (i32.const 1))))
      (local.set $at (i32.add (local.get $at) (local.get $part)))
      (local.set $length (i32.sub (local.get $length) (local.get $part)))
      (br $next))
    (unreachable))

  ;; Go sleeps by a clock; of what else it subscribes to nothing is there that could happen. 58 is ENOTSUP.
  (func (export "poll_oneoff") (param $in i32) (param $out i32) (param $count i32) (param $events i32) (result i32)
    (local $pollable i32)
    (loop $next
      (if (i32.eqz (local.get $count)) (then (return (i32.const 58))))
      (if (i32.load8_u offset=8 (local.get $in))
        (then
          (local.set $in (i32.add (local.get $in) (i32.const 48)))
          (local.set $count (i32.sub (local.get $count) (i32.const 1)))
          (br $next))))
    (local.set $pollable
      (if (result i32) (i32.and (i32.load16_u offset=40 (local.get $in)) (i32.const 1))
        (then (call $at (i64.load offset=24 (local.get $in))))
        (else (call $after (i64.load offset=24 (local.get $in))))))
    (call $block (local.get $pollable))
    (call $drop_pollable (local.get $pollable))
    (i64.store (local.get $out) (i64.load (local.get $in)))
    (i64.store offset=8 (local.get $out) (i64.const 0))
    (i64.store offset=16 (local.get $out) (i64.const 0))
    (i64.store offset=24 (local.get $out) (i64.const 0))
    (i32.store (local.get $events) (i32.const 1))
    (i32.const 0))

  (func (export "sched_yield") (result i32) (i32.const 0))

  ;; Go has printed why.
  (func (export "proc_exit") (param i32) (unreachable))
  ;; REFUSED: what needs files or sockets
)
