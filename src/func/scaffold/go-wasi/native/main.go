// The program of `kwasm func run`: the handler behind net/http, on the socket that is its first argument.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime/debug"

	function "kwasm.sh/function"
)

func main() {
	socket := os.Args[1]
	os.Args = append(os.Args[:1], os.Args[2:]...)
	listener, err := net.Listen("unix", socket)
	if err != nil {
		log.Fatal(err)
	}
	parent := os.NewFile(3, "parent") // Node's channel: a line of JSON is a message, its end is the parent's
	fmt.Fprintln(parent, `"ready"`)
	go func() {
		io.Copy(io.Discard, parent)
		os.Exit(0)
	}()
	log.Fatal(http.Serve(listener, http.HandlerFunc(handled)))
}

// As the component does: a panic is a 500 whose reason is in the log and not in the answer.
func handled(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if thrown := recover(); thrown != nil && thrown != http.ErrAbortHandler {
			log.Printf("panic: %v\n%s", thrown, debug.Stack())
			http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		}
	}()
	function.Handle(w, r)
}
