package main

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"unsafe"
)

// In the order of wasi:http's variant; what comes after them names itself.
var methods = [...]string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

// A request of a host as a server of net/http would give it to a handler.
func incoming(request uint32) (*http.Request, error) {
	defer dropRequest(request)
	header := headersOf(requestHeaders(request))
	r := &http.Request{
		Method:        methodOf(request),
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Host:          header.Get("Host"),
		ContentLength: lengthOf(header),
		RequestURI:    "/",
	}
	header.Del("Host")
	var given area
	requestAuthority(request, unsafe.Pointer(&given))
	if given.u8(0) == 1 {
		r.Host = given.text(4)
	}
	requestPath(request, unsafe.Pointer(&given))
	if given.u8(0) == 1 {
		r.RequestURI = given.text(4)
	}
	target, err := url.ParseRequestURI(r.RequestURI)
	if err != nil {
		return nil, err
	}
	r.URL = target
	r.Body = http.NoBody
	requestBody(request, unsafe.Pointer(&given))
	if given.u8(0) == 0 {
		r.Body = &body{body: given.u32(4)}
	}
	if r.ContentLength == -1 && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		r.ContentLength = 0
	}
	return r, nil
}

func methodOf(request uint32) string {
	var given area
	requestMethod(request, unsafe.Pointer(&given))
	if known := int(given.u8(0)); known < len(methods) {
		return methods[known]
	}
	return given.text(4)
}

func headersOf(fields uint32) http.Header {
	defer dropFields(fields)
	var given area
	fieldsEntries(fields, unsafe.Pointer(&given))
	header := http.Header{}
	for _, entry := range given.list(0, 16) {
		header.Add(text(entry), text(entry[8:]))
	}
	return header
}

func lengthOf(header http.Header) int64 {
	length, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	if err != nil || length < 0 {
		return -1
	}
	return length
}

const readBytesMax = 64 << 10

// The body of what has come in, a request or the answer to one.
type body struct {
	body, stream uint32
	open, ended  bool
}

func (b *body) Read(into []byte) (int, error) {
	if b.ended {
		return 0, io.EOF
	}
	if len(into) == 0 {
		return 0, nil
	}
	var given area
	if !b.open {
		bodyStream(b.body, unsafe.Pointer(&given))
		if given.u8(0) != 0 {
			return 0, errTaken
		}
		b.stream, b.open = given.u32(4), true
	}
	for {
		streamRead(b.stream, uint64(min(len(into), readBytesMax)), unsafe.Pointer(&given))
		if given.u8(0) != 0 {
			err := streamError(&given, 4)
			b.ended = err == io.EOF
			return 0, err
		}
		if read := copy(into, given.blob(4)); read > 0 {
			return read, nil
		}
	}
}

func (b *body) Close() error {
	if b.body != 0 || b.open {
		if b.open {
			dropInput(b.stream)
		}
		dropBody(b.body)
		*b = body{ended: true}
	}
	return nil
}

//go:wasmimport wasi:http/types@0.2.10 [method]incoming-request.method
func requestMethod(request uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [method]incoming-request.path-with-query
func requestPath(request uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [method]incoming-request.authority
func requestAuthority(request uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [method]incoming-request.headers
func requestHeaders(request uint32) (fields uint32)

//go:wasmimport wasi:http/types@0.2.10 [method]incoming-request.consume
func requestBody(request uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [resource-drop]incoming-request
func dropRequest(request uint32)

//go:wasmimport wasi:http/types@0.2.10 [method]fields.entries
func fieldsEntries(fields uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [resource-drop]fields
func dropFields(fields uint32)

//go:wasmimport wasi:http/types@0.2.10 [method]incoming-body.stream
func bodyStream(body uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [resource-drop]incoming-body
func dropBody(body uint32)
