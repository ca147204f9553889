;; The canary: what a Wasm pod needs of a node's runtime and no more. It is loaded, has memory, writes a line through WASI
;; and ends with 0; a host that does not take the line gets a trap.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param $fd i32) (param $texts i32) (param $count i32) (param $written i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "canary: this node runs WebAssembly\n")
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 16)) ;; one text: where it is, and its length
    (i32.store (i32.const 4) (i32.const 35))
    (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))
      (then unreachable))
    (if (i32.ne (i32.load (i32.const 8)) (i32.const 35))
      (then unreachable))))
