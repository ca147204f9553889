// Package function answers HTTP.
package function

import (
	"fmt"
	"net/http"
)

// Handle answers one request. Each request gets an instance of its own, so that nothing that is kept in variables outlives it.
func Handle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "Hello from WASI! Path: %s\n", r.URL.Path)
}
