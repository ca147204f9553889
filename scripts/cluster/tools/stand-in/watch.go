package standin

import (
	"log"
	"syscall"
	"time"
)

// Calls back once nothing has been made, written, renamed or removed in the directory for a while, whatever its name.
func watch(directory string, changed func()) {
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC)
	if err != nil {
		log.Fatal(err)
	}
	const events = syscall.IN_CREATE | syscall.IN_MODIFY | syscall.IN_DELETE | syscall.IN_MOVED_FROM | syscall.IN_MOVED_TO
	if _, err := syscall.InotifyAddWatch(fd, directory, events); err != nil {
		log.Printf("failed to watch %s: %v", directory, err)
		return
	}
	seen := make(chan struct{})
	go func() {
		buffer := make([]byte, 64*1024)
		for {
			n, err := syscall.Read(fd, buffer)
			if err == syscall.EINTR {
				continue
			}
			if err != nil || n <= 0 {
				log.Printf("watch %s: %v", directory, err)
				return
			}
			seen <- struct{}{}
		}
	}()
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	for {
		select {
		case <-seen:
			timer.Reset(debounce)
		case <-timer.C:
			changed()
		}
	}
}
