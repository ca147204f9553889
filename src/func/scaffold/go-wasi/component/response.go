package main

import (
	"net/http"
	"strconv"
	"unsafe"
)

// An answer of at most so many bytes is sent with its length, as a server of net/http does.
const bufferedBytesMax = 2048

// The http.ResponseWriter of a handler.
type response struct {
	outparam     uint32
	header       http.Header
	status       int
	sending      http.Header // as the header was when its status was said
	buffered     []byte
	sent         bool
	bodyless     bool
	failed       bool
	body, stream uint32
}

func (w *response) Header() http.Header { return w.header }

func (w *response) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic("invalid WriteHeader code " + strconv.Itoa(status)) // as net/http
	}
	if w.status != 0 || status < 200 { // an answer that is only on its way has no place in wasi:http
		return
	}
	w.status = status
	w.sending = w.header.Clone()
	w.bodyless = w.bodyless || status == http.StatusNoContent || status == http.StatusNotModified
}

func (w *response) Write(bytes []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.status == http.StatusNoContent || w.status == http.StatusNotModified {
		return 0, http.ErrBodyNotAllowed
	}
	if w.bodyless {
		return len(bytes), nil
	}
	if !w.sent && len(w.buffered)+len(bytes) <= bufferedBytesMax {
		w.buffered = append(w.buffered, bytes...)
		return len(bytes), nil
	}
	if !w.sent {
		if err := w.send(append(w.buffered, bytes...)); err != nil {
			return 0, err
		}
		return len(bytes), nil
	}
	return writeAll(w.stream, bytes)
}

// Flush is of http.Flusher.
func (w *response) Flush() {
	w.WriteHeader(http.StatusOK)
	if !w.sent {
		w.send(w.buffered)
	}
	if !w.bodyless {
		flush(w.stream)
	}
}

func (w *response) finish() {
	if w.failed {
		return
	}
	w.WriteHeader(http.StatusOK)
	if !w.sent {
		if _, said := w.sending["Content-Length"]; !said && !w.bodyless {
			w.sending.Set("Content-Length", strconv.Itoa(len(w.buffered)))
		}
		w.send(w.buffered)
	}
	w.endStream()
	finishBody(w.body)
}

// After a panic. A body that is dropped without being finished tells the host that it is not whole.
func (w *response) fail() {
	if !w.sent {
		*w = response{outparam: w.outparam, header: http.Header{}, bodyless: w.bodyless}
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	w.endStream()
	dropOutgoingBody(w.body)
	w.failed = true
}

func (w *response) endStream() {
	if !w.bodyless {
		flush(w.stream)
		dropOutput(w.stream)
	}
}

func (w *response) send(first []byte) error {
	w.sent, w.buffered = true, nil
	if _, said := w.sending["Content-Type"]; !said && len(first) > 0 && w.sending.Get("Content-Encoding") == "" {
		w.sending.Set("Content-Type", http.DetectContentType(first))
	}
	answer := newResponse(fieldsOf(w.sending))
	setStatus(answer, uint32(w.status))
	var given area
	responseBody(answer, unsafe.Pointer(&given))
	w.body = given.u32(4)
	setResponse(w.outparam, 0, answer, 0, 0, 0, 0, 0, 0)
	if w.bodyless {
		return nil
	}
	outgoingStream(w.body, unsafe.Pointer(&given))
	w.stream = given.u32(4)
	_, err := writeAll(w.stream, first)
	return err
}

// What belongs to the connection is the host's to say, and it refuses it here.
func fieldsOf(header http.Header) (fields uint32) {
	fields = newFields()
	var given area
	for name, values := range header {
		for _, value := range values {
			nameAt, nameLength := dataOfText(name)
			valueAt, valueLength := dataOfText(value)
			appendField(fields, nameAt, nameLength, valueAt, valueLength, unsafe.Pointer(&given))
		}
	}
	return fields
}

func finishBody(body uint32) {
	var given area
	endBody(body, 0, 0, unsafe.Pointer(&given))
}

//go:wasmimport wasi:http/types@0.2.10 [constructor]fields
func newFields() (fields uint32)

//go:wasmimport wasi:http/types@0.2.10 [method]fields.append
func appendField(fields uint32, name unsafe.Pointer, nameLength uint32, value unsafe.Pointer, valueLength uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [constructor]outgoing-response
func newResponse(fields uint32) (response uint32)

//go:wasmimport wasi:http/types@0.2.10 [method]outgoing-response.set-status-code
func setStatus(response, status uint32) (failed uint32)

//go:wasmimport wasi:http/types@0.2.10 [method]outgoing-response.body
func responseBody(response uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [static]response-outparam.set
func setResponse(outparam, failed, response, e1 uint32, e2 uint64, e3, e4, e5, e6 uint32)

//go:wasmimport wasi:http/types@0.2.10 [method]outgoing-body.write
func outgoingStream(body uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [static]outgoing-body.finish
func endBody(body, some, trailers uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.10 [resource-drop]outgoing-body
func dropOutgoingBody(body uint32)
