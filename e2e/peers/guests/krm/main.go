// A function for tests, native and as Wasm from the same source. What it does is its configuration's spec.mode.
package main

import (
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/kio/kioutil"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

func main() {
	rw := &kio.ByteReadWriter{Reader: os.Stdin, Writer: os.Stdout, KeepReaderAnnotations: true}
	nodes, err := rw.Read()
	check(err)
	mode := field(rw.FunctionConfig, "mode")
	value := field(rw.FunctionConfig, "value")
	switch mode {
	case "label":
		for _, node := range nodes {
			check(node.PipeE(yaml.SetLabel("set-by", value)))
		}
	case "drop":
		nodes = without(nodes, value)
	case "add":
		nodes = append(nodes, configMap(value, nil))
	case "twice":
		nodes = append(nodes, nodes[0].Copy())
	case "validated-by":
		for _, node := range nodes {
			check(node.PipeE(yaml.SetLabel("validated-by", "test")))
		}
	case "require":
		for _, node := range nodes {
			if !strings.Contains(node.MustString(), value) {
				fmt.Fprintf(os.Stderr, "%s %s does not hold %q\n", node.GetKind(), node.GetName(), value)
				os.Exit(3)
			}
		}
	case "generate":
		nodes = append(nodes, configMap("plain", nil),
			configMap("hashed", map[string]string{"kustomize.config.k8s.io/needs-hash": "true"}))
	case "merge":
		nodes = append(nodes, configMap(value, map[string]string{"kustomize.config.k8s.io/behavior": "merge"}))
	case "bad-hash":
		nodes = append(nodes, configMap("bad", map[string]string{"kustomize.config.k8s.io/needs-hash": "perhaps"}))
	case "echo-config":
		made := configMap("config", nil)
		spec := rw.FunctionConfig.GetAnnotations()["config.kubernetes.io/function"]
		check(made.PipeE(yaml.Lookup("data"), yaml.SetField("seen", yaml.NewStringRNode(spec))))
		nodes = append(nodes, made)
	case "ids":
		for _, node := range nodes {
			for _, key := range []string{"kustomize.config.k8s.io/id", kioutil.IndexAnnotation, kioutil.IdAnnotation} {
				if _, there := node.GetAnnotations()[key]; !there {
					fmt.Fprintf(os.Stderr, "%s has no annotation %s\n", node.GetName(), key)
					os.Exit(4)
				}
			}
		}
	case "surroundings":
		cwd, _ := os.Getwd()
		_, err := os.ReadFile("/etc/hostname")
		fmt.Fprintf(os.Stderr, "cwd=%q env=%d read=%v args=%q\n", cwd, len(os.Environ()), err == nil, os.Args)
	case "garbage":
		fmt.Println("done, all is well")
		return
	case "nothing":
		return
	case "noise":
		fmt.Println("starting")
	case "panic":
		panic("as asked")
	case "loop":
		for {
		}
	}
	check(rw.Write(nodes))
}

func configMap(name string, annotations map[string]string) *yaml.RNode {
	node := yaml.MustParse("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\ndata:\n  from: function\n")
	for key, value := range annotations {
		check(node.PipeE(yaml.SetAnnotation(key, value)))
	}
	return node
}

func without(nodes []*yaml.RNode, name string) []*yaml.RNode {
	var kept []*yaml.RNode
	for _, node := range nodes {
		if node.GetName() != name {
			kept = append(kept, node)
		}
	}
	return kept
}

func field(config *yaml.RNode, name string) string {
	node, err := config.Pipe(yaml.Lookup("spec", name))
	check(err)
	if node == nil {
		return ""
	}
	return node.YNode().Value
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
