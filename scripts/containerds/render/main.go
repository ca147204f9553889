// Renders a template of containerd's configuration as K3s and RKE2 do: by text/template, with a template "base", and the
// runtimes that were found on the PATH. Reads {"template", "base", "found"} from stdin.
package main

import (
	"encoding/json"
	"log"
	"os"
	"text/template"
)

type found struct{ RuntimeType, BinaryName string }

func main() {
	var in struct {
		Template, Base string
		Found          []string
	}
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		log.Fatal(err)
	}
	data := struct{ ExtraRuntimes map[string]found }{map[string]found{}}
	for _, name := range in.Found {
		data.ExtraRuntimes[name] = found{}
	}
	root := template.Must(template.New("root").Parse(in.Template))
	// The base of a test is a text, so that its own braces are none.
	template.Must(root.New("base").Parse("{{ " + quoted(in.Base) + " }}"))
	if err := root.Execute(os.Stdout, data); err != nil {
		log.Fatal(err)
	}
}

func quoted(text string) string {
	bytes, err := json.Marshal(text)
	if err != nil {
		log.Fatal(err)
	}
	return string(bytes)
}
