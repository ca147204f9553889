package standin

import (
	"log"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	k3sCurrent = "/var/lib/rancher/k3s/data/current"
	k3sConfig  = "/var/lib/rancher/k3s/agent/etc/containerd"
	k3sSocket  = "/run/k3s/containerd/containerd.sock"
	k3sState   = "/run/k3s/containerd"
	k3sRoot    = "/var/lib/rancher/k3s/agent/containerd"
)

// The program in /usr/local/bin becomes the one it has unpacked, which shows no arguments.
func becomeAgent() {
	release, err := filepath.EvalSymlinks(k3sCurrent)
	if err != nil {
		log.Fatal(err)
	}
	bin := filepath.Join(release, "bin")
	if err := os.Setenv("PATH", bin+":"+os.Getenv("PATH")); err != nil {
		log.Fatal(err)
	}
	log.Fatal(syscall.Exec(filepath.Join(bin, "k3s-agent"), []string{"/usr/local/bin/k3s agent"}, os.Environ()))
}

// containerd and the kubelet live and die with the agent, and it with them.
func runAgent(generation Generation) {
	// The kernel ends a child with the thread that started it.
	runtime.LockOSThread()
	if err := render(generation.Major); err != nil {
		log.Fatalf("containerd config: %v", err)
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM, syscall.SIGINT)
	ended := make(chan string, 2)
	begin(ended, "containerd", "-c", k3sConfig+"/config.toml", "-a", k3sSocket, "--state", k3sState, "--root", k3sRoot)
	// The kubelet is begun by this thread, too, and only once there is something for it to talk to.
	for !answers(k3sSocket) {
		select {
		case <-asked:
			os.Exit(0)
		case name := <-ended:
			log.Printf("%s exited", name)
			os.Exit(1)
		case <-time.After(time.Second):
		}
	}
	log.Print("containerd is now running")
	kubelet := strings.Fields(setting("KUBELET"))
	begin(ended, kubelet[0], kubelet[1:]...)
	select {
	case <-asked:
		os.Exit(0)
	case name := <-ended:
		log.Printf("%s exited", name)
		os.Exit(1)
	}
}

func begin(ended chan<- string, name string, args ...string) {
	cmd := exec.Command(name, args...)
	cmd.Args[0] = name
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		log.Fatal(err)
	}
	go func() {
		log.Printf("%s: %v", name, cmd.Wait())
		ended <- name
	}()
}

func answers(socket string) bool {
	conn, err := net.DialTimeout("unix", socket, time.Second)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
