package main

import (
	"os"

	criconfig "github.com/containerd/containerd/pkg/cri/config"
	"github.com/pelletier/go-toml"
)

const cri = "io.containerd.grpc.v1.cri"

// containerd 1.x would put one file's CRI section in the place of another's: so they are merged into its defaults, key by
// key, and containerd sees the result alone.
func merge(files []string, pauseImage string) (string, []string, error) {
	defaults := criconfig.DefaultConfig()
	defaults.SandboxImage = pauseImage
	bytes, err := toml.Marshal(map[string]any{"version": 2, "plugins": map[string]any{cri: defaults}})
	if err != nil {
		return "", nil, err
	}
	tree, err := toml.LoadBytes(bytes)
	if err != nil {
		return "", nil, err
	}
	merged := tree.ToMap()
	imports := []string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", nil, err
		}
		patch, err := toml.LoadBytes(text)
		if err != nil {
			return "", nil, err
		}
		if !patch.HasPath([]string{"plugins", cri}) {
			imports = append(imports, file)
			continue
		}
		into(merged, patch.ToMap())
	}
	bytes, err = toml.Marshal(merged)
	return string(bytes), imports, err
}

func into(target, patch map[string]any) {
	for key, value := range patch {
		inner, isTable := value.(map[string]any)
		present, wasTable := target[key].(map[string]any)
		if isTable && wasTable {
			into(present, inner)
		} else {
			target[key] = value
		}
	}
}
