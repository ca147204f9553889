// The component around a function: wasi:http's request and response as net/http's.
package main

import (
	"log"
	"net/http"
	"os"
	"runtime/debug"
	"unsafe"

	function "kwasm.sh/function"
)

func main() {} // a component has exports in its place

//go:wasmexport wasi:http/incoming-handler@0.2.10#handle
func handle(request, outparam uint32) {
	r, bad := incoming(request)
	w := &response{outparam: outparam, header: http.Header{}}
	if bad != nil {
		http.Error(w, "400 Bad Request", http.StatusBadRequest)
	} else {
		w.bodyless = r.Method == http.MethodHead
		handled(w, r)
	}
	w.finish()
}

// A panic is a 500 whose reason is in the log and not in the answer; what has been begun cannot be taken back, and ends early.
func handled(w *response, r *http.Request) {
	defer func() {
		thrown := recover()
		if thrown == nil {
			return
		}
		if thrown != http.ErrAbortHandler {
			log.Printf("panic: %v\n%s", thrown, debug.Stack())
		}
		w.fail()
	}()
	function.Handle(w, r)
}

// Go's runtime asks for arguments and environment before it can take memory that a host fills, so it is told that there are none, and they are
// asked for here.
func init() {
	var given area
	getArguments(unsafe.Pointer(&given))
	os.Args = []string{"function"}
	for _, argument := range given.list(0, 8) {
		os.Args = append(os.Args, text(argument))
	}
	getEnvironment(unsafe.Pointer(&given))
	for _, pair := range given.list(0, 16) {
		os.Setenv(text(pair), text(pair[8:]))
	}
}

//go:wasmimport wasi:cli/environment@0.2.10 get-arguments
func getArguments(result unsafe.Pointer)

//go:wasmimport wasi:cli/environment@0.2.10 get-environment
func getEnvironment(result unsafe.Pointer)
