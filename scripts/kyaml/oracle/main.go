// Command oracle answers what kyaml makes of a text, so that tests can compare our reader and writer with it: one JSON
// object a line in, {"text": …}; one a line out, {"wide": …, "compact": …} or {"error": …}.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

type question struct {
	Text string `json:"text"`
}

type answer struct {
	Wide    string `json:"wide,omitempty"`
	Compact string `json:"compact,omitempty"`
	Error   string `json:"error,omitempty"`
}

func encode(node *yaml.Node, style yaml.SequenceIndentStyle) string {
	var out bytes.Buffer
	encoder := yaml.NewEncoderWithOptions(&out, &yaml.EncoderOptions{SeqIndent: style})
	if err := encoder.Encode(node); err != nil {
		panic(err)
	}
	if err := encoder.Close(); err != nil {
		panic(err)
	}
	return out.String()
}

func ask(q question) (a answer) {
	defer func() {
		if r := recover(); r != nil {
			a = answer{Error: fmt.Sprint("panic: ", r)}
		}
	}()
	node := &yaml.Node{}
	if err := yaml.NewDecoder(bytes.NewBufferString(q.Text)).Decode(node); err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Wide: encode(node, yaml.WideSequenceStyle), Compact: encode(node, yaml.CompactSequenceStyle)}
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<26)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for in.Scan() {
		var q question
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := encoder.Encode(ask(q)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
