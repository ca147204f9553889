package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
	"unsafe"
)

// There are no sockets: every http.Client without a Transport of its own asks the host.
func init() { http.DefaultTransport = transport{} }

type transport struct{}

func (transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	future, err := sent(r)
	if err != nil {
		return nil, err
	}
	defer dropFuture(future)
	wait(futureReady(future))
	var given area
	futureGet(future, unsafe.Pointer(&given))
	// option<result<result<response, error-code>>>, each with its case in front.
	if given.u8(0) == 0 || given.u8(8) != 0 {
		return nil, errors.New("wasi:http: there is no answer to take")
	}
	if given.u8(16) != 0 {
		return nil, failure(r, given.u8(24))
	}
	return answered(r, given.u32(24)), nil
}

func sent(r *http.Request) (future uint32, err error) {
	request, err := outgoing(r)
	if err != nil {
		return 0, err
	}
	var given area
	var content uint32
	if r.Body != nil && r.Body != http.NoBody {
		outgoingRequestBody(request, unsafe.Pointer(&given))
		content = given.u32(4)
		defer func() {
			if err != nil {
				dropOutgoingBody(content)
			}
		}()
	}
	outgoingHandle(request, 1, optionsOf(r.Context()), unsafe.Pointer(&given))
	if given.u8(0) != 0 {
		return 0, failure(r, given.u8(8))
	}
	future = given.u32(8)
	if content == 0 {
		return future, nil
	}
	if err = copied(content, r.Body); err != nil {
		dropFuture(future)
		return 0, err
	}
	finishBody(content)
	return future, nil
}

func copied(content uint32, from io.Reader) error {
	var given area
	outgoingStream(content, unsafe.Pointer(&given))
	stream := given.u32(4)
	defer dropOutput(stream)
	buffer := make([]byte, readBytesMax)
	for {
		read, err := from.Read(buffer)
		if _, failed := writeAll(stream, buffer[:read]); failed != nil {
			return failed
		}
		if err == io.EOF {
			return flush(stream)
		}
		if err != nil {
			return err
		}
	}
}

func outgoing(r *http.Request) (request uint32, err error) {
	header := r.Header.Clone()
	header.Del("Host")
	if r.ContentLength > 0 {
		header.Set("Content-Length", fmt.Sprint(r.ContentLength))
	}
	request = newRequest(fieldsOf(header))
	authority := r.Host
	if authority == "" {
		authority = r.URL.Host
	}
	scheme := uint32(0)
	if r.URL.Scheme == "https" {
		scheme = 1
	}
	refused := setScheme(request, 1, scheme, nil, 0)
	at, length := dataOfText(r.URL.RequestURI())
	refused |= setPath(request, 1, at, length)
	at, length = dataOfText(authority)
	refused |= setAuthority(request, 1, at, length)
	tag := uint32(len(methods))
	for known, name := range methods {
		if name == r.Method || r.Method == "" && name == http.MethodGet {
			tag = uint32(known)
		}
	}
	at, length = dataOfText(r.Method)
	if refused |= setMethod(request, tag, at, length); refused != 0 {
		dropOutgoingRequest(request)
		return 0, fmt.Errorf("%s %s: wasi:http takes no such request", r.Method, r.URL.Redacted())
	}
	return request, nil
}

func optionsOf(ctx context.Context) (options uint32) {
	options = newOptions()
	if deadline, there := ctx.Deadline(); there {
		left := uint64(max(time.Until(deadline), time.Millisecond))
		setConnectTimeout(options, 1, left)
		setFirstByteTimeout(options, 1, left)
	}
	return options
}

func answered(r *http.Request, answer uint32) *http.Response {
	defer dropAnswer(answer)
	header := headersOf(answerHeaders(answer))
	status := int(answerStatus(answer))
	var given area
	answerBody(answer, unsafe.Pointer(&given))
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", status, http.StatusText(status)),
		StatusCode:    status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          &body{body: given.u32(4)},
		ContentLength: lengthOf(header),
		Request:       r,
	}
}

// In the order of wasi:http's error-code; the others are told by their numbers.
var failures = [...]string{
	"DNS timeout", "DNS error", "destination not found", "destination unavailable", "destination IP prohibited",
	"destination IP unroutable", "connection refused", "connection terminated", "connection timeout",
	"connection read timeout", "connection write timeout", "connection limit reached", "TLS protocol error",
	"TLS certificate error", "TLS alert received", "request denied: deploy.network of func.yaml does not allow it",
}

func failure(r *http.Request, code uint8) error {
	if int(code) < len(failures) {
		return fmt.Errorf("%s: %s", r.URL.Host, failures[code])
	}
	return fmt.Errorf("%s: error-code %d of wasi:http", r.URL.Host, code)
}

//go:wasmimport wasi:http/types@0.2.10 [constructor]outgoing-request
func newRequest(fields uint32) (request uint32)

//go:wasmimport wasi:http/types@0.2.10 [method]outgoing-request.set-method
func setMethod(request, tag uint32, other unsafe.Pointer, length uint32) (failed uint32)

//go:wasmimport wasi:http/types@0.2.10 [method]outgoing-request.set-path-with-query
func setPath(request, some uint32, path unsafe.Pointer, length uint32) (failed uint32)

//go:wasmimport wasi:http/types@0.2.10 [method]outgoing-request.set-scheme
func setScheme(request, some, tag uint32, other unsafe.Pointer, length uint32) (failed uint32)

//go:wasmimport wasi:http/types@0.2.10 [method]outgoing-request.set-authority
func setAuthority(request, some uint32, authority unsafe.Pointer, length uint32) (failed uint32)

//go:wasmimport wasi:http/types@0.2.10 [method]outgoing-request.body
func outgoingRequestBody(request uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [resource-drop]outgoing-request
func dropOutgoingRequest(request uint32)

//go:wasmimport wasi:http/types@0.2.10 [constructor]request-options
func newOptions() (options uint32)

//go:wasmimport wasi:http/types@0.2.10 [method]request-options.set-connect-timeout
func setConnectTimeout(options, some uint32, nanoseconds uint64) (failed uint32)

//go:wasmimport wasi:http/types@0.2.10 [method]request-options.set-first-byte-timeout
func setFirstByteTimeout(options, some uint32, nanoseconds uint64) (failed uint32)

//go:wasmimport wasi:http/outgoing-handler@0.2.10 handle
func outgoingHandle(request, some, options uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [method]future-incoming-response.subscribe
func futureReady(future uint32) (pollable uint32)

//go:wasmimport wasi:http/types@0.2.10 [method]future-incoming-response.get
func futureGet(future uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [resource-drop]future-incoming-response
func dropFuture(future uint32)

//go:wasmimport wasi:http/types@0.2.10 [method]incoming-response.status
func answerStatus(answer uint32) (status uint32)

//go:wasmimport wasi:http/types@0.2.10 [method]incoming-response.headers
func answerHeaders(answer uint32) (fields uint32)

//go:wasmimport wasi:http/types@0.2.10 [method]incoming-response.consume
func answerBody(answer uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [resource-drop]incoming-response
func dropAnswer(answer uint32)
