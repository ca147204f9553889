package main

import (
	"errors"
	"io"
	"unsafe"
)

var errTaken = errors.New("wasi:http: the body was taken already")

// The host says what went wrong with a stream; its end is no error.
func streamError(given *area, at int) error {
	if given.u8(at) == 1 {
		return io.EOF
	}
	failure := given.u32(at + 4)
	defer dropError(failure)
	var said area
	errorText(failure, unsafe.Pointer(&said))
	return errors.New(said.text(0))
}

// All of it: a host takes as much at a time as it says.
func writeAll(stream uint32, bytes []byte) (int, error) {
	var given area
	written := 0
	for written < len(bytes) {
		streamRoom(stream, unsafe.Pointer(&given))
		if given.u8(0) != 0 {
			return written, closedOr(streamError(&given, 8))
		}
		room := int(min(given.u64(8), uint64(len(bytes)-written)))
		if room == 0 {
			wait(streamReady(stream))
			continue
		}
		data, length := dataOf(bytes[written : written+room])
		streamWrite(stream, data, length, unsafe.Pointer(&given))
		if given.u8(0) != 0 {
			return written, closedOr(streamError(&given, 4))
		}
		written += room
	}
	return written, nil
}

func flush(stream uint32) error {
	var given area
	streamFlush(stream, unsafe.Pointer(&given))
	if given.u8(0) != 0 {
		return closedOr(streamError(&given, 4))
	}
	return nil
}

// Whoever reads reaches an end; to who writes it is that nobody listens.
func closedOr(err error) error {
	if err == io.EOF {
		return io.ErrClosedPipe
	}
	return err
}

func wait(pollable uint32) {
	block(pollable)
	dropPollable(pollable)
}

//go:wasmimport wasi:io/streams@0.2.10 [method]input-stream.blocking-read
func streamRead(stream uint32, length uint64, result unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.10 [method]output-stream.check-write
func streamRoom(stream uint32, result unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.10 [method]output-stream.write
func streamWrite(stream uint32, data unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.10 [method]output-stream.blocking-flush
func streamFlush(stream uint32, result unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.10 [method]output-stream.subscribe
func streamReady(stream uint32) (pollable uint32)

//go:wasmimport wasi:io/streams@0.2.10 [resource-drop]input-stream
func dropInput(stream uint32)

//go:wasmimport wasi:io/streams@0.2.10 [resource-drop]output-stream
func dropOutput(stream uint32)

//go:wasmimport wasi:io/error@0.2.10 [method]error.to-debug-string
func errorText(failure uint32, result unsafe.Pointer)

//go:wasmimport wasi:io/error@0.2.10 [resource-drop]error
func dropError(failure uint32)

//go:wasmimport wasi:io/poll@0.2.10 [method]pollable.block
func block(pollable uint32)

//go:wasmimport wasi:io/poll@0.2.10 [resource-drop]pollable
func dropPollable(pollable uint32)
