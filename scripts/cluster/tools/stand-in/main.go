// Package standin starts containerd and the kubelet as K3s and k0s are documented to: it renders or merges containerd's
// configuration, restarts and dies as they do. It is written after their sources and is neither of them: what it
// shows is how an installer fares on a node whose containerd has a parent, not what a release of theirs does.
package standin

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
)

// Release is what both answer when asked for their version; the suffix says whom one speaks to.
const Release = "v1.34.3+standin1"

// Generation is the containerd that is linked in, as K3s links it.
type Generation struct {
	Major      int
	Containerd func()
	// Merge makes of the files of k0s' directory the file that containerd shall import, and names the files that hold no
	// settings of the CRI plugin. Nil: containerd imports the directory itself.
	Merge func(files []string, pauseImage string) (merged string, imports []string, err error)
}

// Main is one program with several names, told by the one it is called by.
func Main(generation Generation) {
	log.SetFlags(0)
	switch name := filepath.Base(os.Args[0]); name {
	case "containerd":
		generation.Containerd()
	case "k3s", "k0s":
		command := ""
		if len(os.Args) > 1 {
			command = os.Args[1]
		}
		switch {
		case command == "--version" && name == "k3s":
			fmt.Printf("k3s version %s (stand-in)\n", Release)
		case command == "agent" && name == "k3s":
			becomeAgent()
		case command == "worker" && name == "k0s":
			runWorker(generation)
		default:
			log.Fatalf("%s: a stand-in of the project's tests; it knows no %q", name, command)
		}
	case "k3s agent":
		runAgent(generation)
	default:
		log.Fatalf("called by the unknown name %q", os.Args[0])
	}
}

// Set by the unit's environment file.
func setting(name string) string {
	value := os.Getenv("STAND_IN_" + name)
	if value == "" {
		log.Fatalf("STAND_IN_%s is not set", name)
	}
	return value
}
