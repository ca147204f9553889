package function

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"time"
)

var asked = 0

// What the tests of `kwasm func run` ask: the template's own handler, and behind other paths what a function might do.
func Handle(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/counter":
		fmt.Fprint(w, asked)
		asked++
	case "/throw":
		panic("the secret of the house")
	case "/nothing":
		panic(http.ErrAbortHandler)
	case "/loop":
		for {
			asked++
		}
	case "/memory":
		held := [][]byte{}
		for {
			held = append(held, bytes.Repeat([]byte{1}, 1<<20))
		}
	case "/collected":
		fmt.Fprint(w, collected())
	case "/echo":
		w.Header().Set("X-Method", r.Method)
		w.Header().Set("X-Type", r.Header.Get("Content-Type"))
		w.WriteHeader(http.StatusCreated)
		io.Copy(w, r.Body)
	case "/context":
		env := map[string]string{}
		for _, pair := range os.Environ() {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		json.NewEncoder(w).Encode(map[string]any{"env": env, "args": os.Args[1:]})
	case "/fetch":
		fetched(w, r)
	case "/parts":
		for part := range 3 {
			fmt.Fprintf(w, "%d\n", part)
			w.(http.Flusher).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	case "/begun":
		fmt.Fprint(w, strings.Repeat("x", 5000))
		panic("too late")
	case "/goroutines":
		waited := make(chan int)
		for nth := range 10 {
			go func() {
				time.Sleep(time.Duration(10-nth) * time.Millisecond)
				waited <- nth
			}()
		}
		sum := 0
		for range 10 {
			sum += <-waited
		}
		fmt.Fprint(w, sum)
	case "/file":
		_, err := os.ReadFile("/etc/passwd")
		fmt.Fprint(w, err)
	default:
		greet(w, r)
	}
}

// Takes and gives back several times what the runtime began with, so that its memory grows often, and looks whether anyone else wrote into it.
func collected() string {
	kept := map[int][]byte{}
	for round := range 600 {
		block := bytes.Repeat([]byte{byte(round)}, 128<<10)
		kept[round%160] = block
		os.Stderr.WriteString("")
		if round%100 == 0 {
			runtime.GC()
			time.Sleep(time.Millisecond)
		}
	}
	for slot, block := range kept {
		want := block[0]
		for at, got := range block {
			if got != want {
				return fmt.Sprintf("block %d has %d at %d in place of %d", slot, got, at, want)
			}
		}
	}
	return "whole"
}

func fetched(w http.ResponseWriter, r *http.Request) {
	method, body := http.MethodGet, io.Reader(nil)
	if r.Method == http.MethodPost {
		method, body = http.MethodPost, r.Body
	}
	request, err := http.NewRequest(method, r.URL.Query().Get("url"), body)
	if err != nil {
		fmt.Fprint(w, "refused: ", err)
		return
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		fmt.Fprint(w, "refused: ", err)
		return
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	fmt.Fprintf(w, "%d %s", answer.StatusCode, text)
}
