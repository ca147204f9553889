//go:build wasip1

package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"
	"unsafe"
)

func main() {
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	if strings.Join(os.Args, " ") != "krm" || len(os.Environ()) != 0 {
		panic("given more than nothing")
	}
	output, err := act(modeOf(string(input)), string(input))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Print(output)
}

func platform(mode, input string) (string, error) {
	switch mode {
	case "exit7-wasi":
		os.Exit(7)
	case "raw":
		return escapeRaw(), nil
	}
	return "", fmt.Errorf("no mode %q", mode)
}

//go:wasmimport wasi_snapshot_preview1 path_open
func pathOpen(dir, flags int32, path unsafe.Pointer, length, oflags int32, base, inheriting int64, fdflags int32, opened unsafe.Pointer) int32

//go:wasmimport wasi_snapshot_preview1 path_symlink
func pathSymlink(from unsafe.Pointer, fromLength, dir int32, to unsafe.Pointer, toLength int32) int32

//go:wasmimport wasi_snapshot_preview1 fd_prestat_get
func fdPrestatGet(fd int32, at unsafe.Pointer) int32

//go:wasmimport wasi_snapshot_preview1 fd_write
func fdWrite(fd int32, vectors unsafe.Pointer, count int32, written unsafe.Pointer) int32

//go:wasmimport wasi_snapshot_preview1 fd_read
func fdRead(fd int32, vectors unsafe.Pointer, count int32, read unsafe.Pointer) int32

//go:wasmimport wasi_snapshot_preview1 fd_renumber
func fdRenumber(from, to int32) int32

//go:wasmimport wasi_snapshot_preview1 fd_readdir
func fdReaddir(fd int32, at unsafe.Pointer, length int32, cookie int64, used unsafe.Pointer) int32

//go:wasmimport wasi_snapshot_preview1 fd_filestat_get
func fdFilestatGet(fd int32, at unsafe.Pointer) int32

//go:wasmimport wasi_snapshot_preview1 sock_accept
func sockAccept(fd, flags int32, opened unsafe.Pointer) int32

//go:wasmimport wasi_snapshot_preview1 sock_send
func sockSend(fd int32, vectors unsafe.Pointer, count, flags int32, sent unsafe.Pointer) int32

//go:wasmimport wasi_snapshot_preview1 proc_raise
func procRaise(signal int32) int32

//go:wasmimport wasi_snapshot_preview1 poll_oneoff
func pollOneoff(in, out unsafe.Pointer, count int32, ready unsafe.Pointer) int32

func succeeded(errno int32) string {
	if errno != 0 {
		return ""
	}
	return "errno 0"
}

type vector struct{ at, length uint32 }

// escapeRaw calls what the adapter of components answers with a trap.
func escapeRaw() string {
	r := &report{}
	var number uint32
	hello := []byte("hello")
	write := vector{uint32(uintptr(unsafe.Pointer(&hello[0]))), uint32(len(hello))}
	r.try("sock_accept", func() string { return succeeded(sockAccept(0, 0, unsafe.Pointer(&number))) })
	r.try("sock_send", func() string {
		return succeeded(sockSend(1, unsafe.Pointer(&write), 1, 0, unsafe.Pointer(&number)))
	})
	r.try("proc_raise", func() string { return succeeded(procRaise(9)) })
	return r.text.String()
}

func escape() string {
	r := &report{}
	var number uint32
	var room [64]byte
	path := []byte("/etc/hostname")
	for _, fd := range []int32{0, 1, 2, 3, 4, 5, 100, -1} {
		r.try(fmt.Sprintf("path_open below %d", fd), func() string {
			return succeeded(pathOpen(fd, 1, unsafe.Pointer(&path[0]), int32(len(path)), 0, -1, -1, 0, unsafe.Pointer(&number)))
		})
	}
	hello := []byte("hello")
	write := vector{uint32(uintptr(unsafe.Pointer(&hello[0]))), uint32(len(hello))}
	for _, fd := range []int32{0, 3, 4, 20, -1} {
		r.try(fmt.Sprintf("fd_write to %d", fd), func() string {
			return succeeded(fdWrite(fd, unsafe.Pointer(&write), 1, unsafe.Pointer(&number)))
		})
		if fd != 0 {
			r.try(fmt.Sprintf("fd_read from %d", fd), func() string {
				return succeeded(fdRead(fd, unsafe.Pointer(&write), 1, unsafe.Pointer(&number)))
			})
		}
	}
	r.try("preopened directories", func() string { return succeeded(fdPrestatGet(3, unsafe.Pointer(&room))) })
	r.try("fd_renumber", func() string { return succeeded(fdRenumber(1, 3)) })
	r.try("fd_readdir", func() string {
		return succeeded(fdReaddir(3, unsafe.Pointer(&room), 64, 0, unsafe.Pointer(&number)))
	})
	r.try("fd_filestat_get of a file", func() string { return succeeded(fdFilestatGet(3, unsafe.Pointer(&room))) })
	r.try("path_symlink", func() string {
		return succeeded(pathSymlink(unsafe.Pointer(&path[0]), int32(len(path)), 3, unsafe.Pointer(&path[0]), int32(len(path))))
	})
	r.try("poll_oneoff without a bound", func() string {
		return succeeded(pollOneoff(unsafe.Pointer(&room), unsafe.Pointer(&room), -1, unsafe.Pointer(&number)))
	})
	r.try("too many vectors", func() string {
		return succeeded(fdWrite(2, unsafe.Pointer(&write), -1, unsafe.Pointer(&number)))
	})
	r.try("read a file", func() string { b, _ := os.ReadFile("/etc/hostname"); return string(b) })
	r.try("write a file", func() string { return unless(os.WriteFile("/tmp/kwasm-escape", nil, 0o600), "written") })
	r.try("list a directory", func() string { _, err := os.ReadDir("/"); return unless(err, "listed") })
	r.try("make a directory", func() string { return unless(os.Mkdir("/tmp/kwasm-escape", 0o700), "made") })
	r.try("start a program", func() string { return unless(exec.Command("/bin/true").Run(), "ran") })
	r.try("connect", func() string {
		_, err := net.DialTimeout("tcp", "127.0.0.1:22", time.Second)
		return unless(err, "connected")
	})
	r.try("environment", func() string { return strings.Join(os.Environ(), " ") })
	r.try("the /proc of the host", func() string { b, _ := os.ReadFile("/proc/self/environ"); return string(b) })
	return r.text.String()
}
