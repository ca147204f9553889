package standin

import (
	"log"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// A process that is started again some seconds after its end, for ever.
type child struct {
	argv    []string
	pidFile string

	mutex   sync.Mutex
	process *os.Process
	ending  chan struct{}
	done    chan struct{}
}

func (c *child) supervise() {
	c.ending, c.done = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(c.done)
		for {
			c.once()
			select {
			case <-c.ending:
				return
			case <-time.After(respawn):
			}
		}
	}()
}

func (c *child) once() {
	cmd := exec.Command(c.argv[0], c.argv[1:]...)
	cmd.Dir = "/var/lib/k0s"
	cmd.Env = append(os.Environ(), "_K0S_MANAGED=yes", "PATH=/var/lib/k0s/bin:"+os.Getenv("PATH"))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		log.Printf("%s: %v", c.argv[0], err)
		return
	}
	c.mutex.Lock()
	c.process = cmd.Process
	c.mutex.Unlock()
	if err := os.WriteFile(c.pidFile, []byte(strconv.Itoa(cmd.Process.Pid)+"\n"), 0o644); err != nil {
		log.Print(err)
	}
	err := cmd.Wait()
	log.Printf("%s ended (%v); respawning in %s", c.argv[0], err, respawn)
	_ = os.Remove(c.pidFile)
}

func (c *child) signal(signal os.Signal) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.process == nil {
		return
	}
	if err := c.process.Signal(signal); err != nil {
		log.Printf("%s: failed to send %s: %v", c.argv[0], signal, err)
	}
}

func (c *child) stop() {
	close(c.ending)
	for {
		c.signal(syscall.SIGTERM)
		select {
		case <-c.done:
			return
		case <-time.After(respawn):
		}
	}
}
