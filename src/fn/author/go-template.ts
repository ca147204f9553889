import { labelLists } from './label-lists.ts';

/** What `kwasm fn init --lang go` writes: a function that works, a test that fails when it does not, and nothing to fill in before. TinyGo takes the same. */
export function goTemplate(name: string, lang: 'go' | 'tinygo'): Readonly<Record<string, string>> {
  return {
    'function.json': `${JSON.stringify({ lang, module: `${name}.wasm` }, null, 2)}\n`,
    'go.mod': `module ${name}\n\ngo 1.21\n\nrequire gopkg.in/yaml.v3 v3.0.1\n`,
    'go.sum': GO_SUM,
    'main.go': MAIN,
    'labels.go': LABELS,
    '.gitignore': `/${name}.wasm\n`,
    ...labelLists(),
    'README.md': readme(name, lang === 'go' ? 'GOOS=wasip1 go build' : 'tinygo build -target=wasip1'),
  };
}

/** Checksums of the one package it needs, as the Go module proxy's log has them. */
const GO_SUM = `gopkg.in/check.v1 v0.0.0-20161208181325-20d25e280405 h1:yhCVgyC4o1eVCa2tZl7eS0r+SDo693bJlVdllGtEeKM=
gopkg.in/check.v1 v0.0.0-20161208181325-20d25e280405/go.mod h1:Co6ibVJAznAaIkqp8huTwlJQCZ016jof/cbN4VW5Yz0=
gopkg.in/yaml.v3 v3.0.1 h1:fxVm/GzAzEWqLHuvctI91KS9hhNmmWOoWu0XTYJS7CA=
gopkg.in/yaml.v3 v3.0.1/go.mod h1:K4uyk7z7BCEPqu6E+C64Yfv1cQ7kz7rIZviUmN+EgEM=
`;

const MAIN = `// A KRM function: a ResourceList on stdin, the changed one on stdout, words for people on stderr.
package main

import (
	"fmt"
	"os"

	"gopkg.in/yaml.v3"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var list yaml.Node
	if err := yaml.NewDecoder(os.Stdin).Decode(&list); err != nil {
		return fmt.Errorf("stdin is no YAML: %w", err)
	}
	if err := transform(list.Content[0]); err != nil {
		return err
	}
	encoder := yaml.NewEncoder(os.Stdout)
	encoder.SetIndent(2)
	if err := encoder.Encode(&list); err != nil {
		return err
	}
	return encoder.Close()
}
`;

const LABELS = `package main

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// transform sets the labels of functionConfig.data on every item. Nodes, not structs, so that comments and order stay.
func transform(list *yaml.Node) error {
	labels := at(list, "functionConfig", "data")
	if labels == nil || len(labels.Content) == 0 {
		return fmt.Errorf("functionConfig.data is empty: say which labels to set")
	}
	items := at(list, "items")
	if items == nil {
		return nil
	}
	for _, item := range items.Content {
		metadata := at(item, "metadata")
		if metadata == nil {
			return fmt.Errorf("line %d: an item without metadata", item.Line)
		}
		for pair := 0; pair+1 < len(labels.Content); pair += 2 {
			set(metadata, "labels", labels.Content[pair].Value, labels.Content[pair+1].Value)
		}
	}
	return nil
}

func at(node *yaml.Node, path ...string) *yaml.Node {
	for _, name := range path {
		var found *yaml.Node
		for pair := 0; node != nil && pair+1 < len(node.Content); pair += 2 {
			if node.Content[pair].Value == name {
				found = node.Content[pair+1]
			}
		}
		node = found
	}
	return node
}

func set(parent *yaml.Node, field, name, value string) {
	fields := at(parent, field)
	if fields == nil {
		fields = &yaml.Node{Kind: yaml.MappingNode}
		parent.Content = append(parent.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: field}, fields)
	}
	if known := at(fields, name); known != nil {
		known.SetString(value)
		return
	}
	text := &yaml.Node{}
	text.SetString(value)
	fields.Content = append(fields.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: name}, text)
}
`;

function readme(name: string, by: string): string {
  return `# ${name}

A KRM function: it sets the labels of its functionConfig on every object.

\`\`\`bash
kwasm fn build            # ${name}.wasm, by ${by}
kwasm fn test             # each directory below tests/: input.yaml gives expected.yaml, or fails with error.txt
kwasm fn test --update    # writes expected.yaml anew
kwasm fn run ${name}.wasm -f deployment.yaml -- team=shop
kwasm wasm push ${name}.wasm registry.example.com/${name}:1
\`\`\`
`;
}
