// A function for tests: what it does is said by the first "mode: NAME" in its functionConfig, or else in its list. One program for every behaviour, so that tests compile
// it once for each ABI.
package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

func modeOf(input string) string {
	_, after, found := strings.Cut(input, "\nfunctionConfig:")
	if _, after, found = strings.Cut(after, "mode: "); !found {
		_, after, _ = strings.Cut(input, "mode")
	}
	word, _, _ := strings.Cut(after, "\n")
	return strings.Trim(word, "\"',}: ")
}

var kept [][]byte

// act returns the new list, or what is wrong.
func act(mode, input string) (string, error) {
	switch mode {
	case "identity":
		return input, nil
	case "count": // one more "+" behind "touched: "
		return strings.Replace(input, "touched: ", "touched: +", 1), nil
	case "fail":
		return "", fmt.Errorf("the namespace is missing")
	case "garbage":
		return "no list at all: [", nil
	case "empty":
		return "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n", nil
	case "quoted":
		return strings.Replace(input, "kind: ResourceList", "kind: 'ResourceList'", 1), nil
	case "outside":
		return strings.ReplaceAll(input, "'cm.yaml'", "'../cm.yaml'"), nil
	case "twice": // the first item comes back twice
		head, items, _ := strings.Cut(input, "\n- ")
		end := strings.Index(items, "\n- ")
		if end == -1 {
			end = strings.Index(items, "\nfunctionConfig:")
		}
		return head + "\n- " + items[:end] + "\n- " + items, nil
	case "add": // a field in front of each item that lacks it, which orchestrators have to put in its place
		items := strings.Split(input, "\n- ")
		for at, item := range items {
			if at > 0 && strings.HasPrefix(item, "apiVersion:") && !strings.Contains(item, "\n  added:") {
				items[at] = "added: {b: \"x: y\", a: [1, 2]}\n  " + item
			}
		}
		return strings.Join(items, "\n- "), nil
	case "nameless":
		return "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- kind: ConfigMap\n", nil
	case "result":
		return input + "results:\n- message: replicas are odd\n  severity: error\n", nil
	case "json":
		return `{"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "from-json"}}]}`, nil
	case "warn":
		fmt.Fprintln(os.Stderr, "one thing to know")
		return input, nil
	case "noise":
		fmt.Println("printed to stdout")
		return input, nil
	case "flood":
		for line := 0; line < 8000; line++ {
			fmt.Fprintf(os.Stderr, "line %d of many\n", line)
		}
		os.Exit(1)
	case "sleep":
		time.Sleep(30 * time.Millisecond)
		return input, nil
	case "loop":
		fmt.Fprintln(os.Stderr, "before the loop")
		for {
		}
	case "memory":
		for {
			block := make([]byte, 16<<20)
			for at := 0; at < len(block); at += 4096 {
				block[at] = 1
			}
			kept = append(kept, block)
		}
	case "output":
		return strings.Repeat("x", 65<<20), nil
	case "panic":
		panic("a bug in the function")
	case "exit0":
		os.Exit(0)
	case "exit7":
		fmt.Fprintln(os.Stderr, "leaving with seven")
		os.Exit(7)
	case "escape":
		return escape(), nil
	}
	return platform(mode, input)
}

// report says what came of each attempt: "name: contained" or "name: ESCAPED, with what".
type report struct{ text strings.Builder }

func (r *report) try(name string, attempt func() string) {
	defer func() {
		if refused := recover(); refused != nil {
			fmt.Fprintf(&r.text, "%s: contained\n", name)
		}
	}()
	if got := attempt(); got != "" {
		fmt.Fprintf(&r.text, "%s: ESCAPED, %s\n", name, got)
		return
	}
	fmt.Fprintf(&r.text, "%s: contained\n", name)
}

func unless(err error, what string) string {
	if err != nil {
		return ""
	}
	return what
}
