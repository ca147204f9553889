// The stand-in for K3s and k0s, with containerd 1.7.
package main

import (
	"fmt"
	"os"

	"github.com/containerd/containerd/cmd/containerd/command"
	standin "kwasm.sh/tools/stand-in"

	_ "github.com/containerd/containerd/cmd/containerd/builtins"
)

func main() {
	standin.Main(standin.Generation{Major: 1, Containerd: containerd, Merge: merge})
}

func containerd() {
	if err := command.App().Run(os.Args); err != nil {
		fmt.Fprintf(os.Stderr, "containerd: %s\n", err)
		os.Exit(1)
	}
}
