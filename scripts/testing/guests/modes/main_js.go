//go:build js

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall/js"
	"time"
)

var message string

func main() {
	args := strings.Join(os.Args, " ")
	if args != "js" || len(os.Environ()) != 0 {
		panic("given more than nothing: " + args)
	}
	js.Global().Set("processResourceList", js.FuncOf(func(_ js.Value, args []js.Value) any {
		if len(args) != 1 {
			return "Invalid number of arguments passed"
		}
		input := args[0].String()
		message = ""
		output, err := act(modeOf(input), input)
		if err != nil {
			message = err.Error()
			return "unable to process resource list: " + message
		}
		if output == "(a number)" {
			return 7
		}
		return output
	}))
	js.Global().Set("processResourceListErrors", js.FuncOf(func(js.Value, []js.Value) any { return message }))
	select {}
}

func platform(mode, input string) (string, error) {
	switch mode {
	case "exit7-wasi":
		return input, nil
	case "number":
		return "(a number)", nil
	case "block":
		<-make(chan bool)
	case "references": // each is a value the host has to hold
		for {
			values = append(values, js.Global().Get("Object").New())
		}
	case "values":
		return useValues(input)
	}
	return "", fmt.Errorf("no mode %q", mode)
}

var values []js.Value

// useValues does what an honest program may do with syscall/js.
func useValues(input string) (string, error) {
	object := js.ValueOf(map[string]any{"a": 1, "b": "zwei", "c": []any{true, nil, 2.5}})
	bytes := js.Global().Get("Uint8Array").New(5)
	js.CopyBytesToJS(bytes, []byte("bytes"))
	back := make([]byte, 5)
	js.CopyBytesToGo(back, bytes)
	square := js.FuncOf(func(_ js.Value, args []js.Value) any { return args[0].Int() * args[0].Int() })
	defer square.Release()
	object.Set("square", square)
	object.Delete("b")
	now := js.Global().Get("Date").New().Call("getTimezoneOffset").Int()
	return fmt.Sprintf("%d %v %v %d %s %d %v %v %d %v %d", object.Get("a").Int(), object.Get("b").IsUndefined(),
		object.Get("c").Index(2).Float(), object.Get("c").Length(), back, object.Call("square", 12).Int(),
		object.Get("c").InstanceOf(js.Global().Get("Array")), object.InstanceOf(js.Global().Get("Array")),
		now, time.Now().Year() > 2000, len(input)*0), nil
}

func escape() string {
	r := &report{}
	global := js.Global()
	found := func(path ...string) func() string {
		return func() string {
			value := global
			for _, name := range path {
				value = value.Get(name)
			}
			if value.IsUndefined() || value.IsNull() {
				return ""
			}
			return value.Type().String()
		}
	}
	for _, path := range []string{
		"constructor", "__proto__", "prototype", "globalThis", "self", "window", "global", "require", "module", "eval", "Function",
		"Reflect", "Proxy", "WebAssembly", "fetch", "Buffer", "setTimeout", "queueMicrotask", "structuredClone", "gc", "performance",
		"process.mainModule", "process.binding", "process.dlopen", "process.env", "process.exit", "process.kill", "process.stdout",
		"process.getBuiltinModule", "process.constructor", "fs.constructor", "fs.readFileSync", "fs.openSync", "fs.promises",
		"fs.write.constructor", "fs.write.call", "fs.write.apply", "fs.write.bind", "fs.write.prototype", "fs.constants.__proto__",
		"Object.constructor", "Object.prototype", "Object.getPrototypeOf", "Object.defineProperty", "Array.from", "Array.prototype",
		"Uint8Array.prototype", "console._stdout", "crypto.subtle", "crypto.constructor", "path.constructor",
	} {
		r.try("get "+path, found(strings.Split(path, ".")...))
	}
	r.try("run a command by process", func() string {
		child := global.Get("process").Get("mainModule").Call("require", "child_process")
		return child.Call("execSync", "id -un").String()
	})
	r.try("compile code by a constructor", func() string {
		return global.Get("Object").New().Get("constructor").Get("constructor").Invoke("return process").Type().String()
	})
	r.try("prototype of an array", found("Array", "__proto__"))
	r.try("prototype of bytes", func() string {
		bytes := global.Get("Uint8Array").New(8)
		if bytes.Get("buffer").IsUndefined() && bytes.Get("constructor").IsUndefined() && bytes.Get("__proto__").IsUndefined() {
			return ""
		}
		return "a buffer"
	})
	r.try("what is thrown", func() (got string) {
		defer func() {
			if thrown, ok := recover().(js.Error); ok && !thrown.Value.Get("constructor").IsUndefined() {
				got = "a constructor"
			}
		}()
		global.Get("process").Call("chdir", "/")
		return "changed the directory"
	})
	r.try("set a global", func() string {
		global.Set("Object", "mine")
		if global.Get("Object").Type() == js.TypeString {
			return "Object is mine"
		}
		return ""
	})
	r.try("set a method of the host", func() string {
		global.Get("fs").Set("write", 1)
		if global.Get("fs").Get("write").Type() != js.TypeFunction {
			return "fs.write is mine"
		}
		return ""
	})
	r.try("delete a global", func() string {
		global.Delete("fs")
		return map[bool]string{true: "fs is gone"}[global.Get("fs").IsUndefined()]
	})
	r.try("set __proto__", func() string {
		object := global.Get("Object").New()
		object.Set("__proto__", global)
		return map[bool]string{true: "a chain"}[!object.Get("process").IsUndefined()]
	})
	r.try("read a file", func() string { b, _ := os.ReadFile("/etc/hostname"); return string(b) })
	r.try("write a file", func() string { return unless(os.WriteFile("/tmp/kwasm-escape", nil, 0o600), "written") })
	r.try("list a directory", func() string { _, err := os.ReadDir("/"); return unless(err, "listed") })
	r.try("make a directory", func() string { return unless(os.Mkdir("/tmp/kwasm-escape", 0o700), "made") })
	r.try("start a program", func() string { return unless(exec.Command("/bin/true").Run(), "ran") })
	r.try("connect", func() string {
		_, err := net.DialTimeout("tcp", "127.0.0.1:22", time.Second)
		return unless(err, "connected")
	})
	r.try("environment", func() string { return strings.Join(os.Environ(), " ") })
	r.try("write to another descriptor", func() string {
		_, err := os.NewFile(3, "three").Write([]byte("x"))
		return unless(err, "written")
	})
	return r.text.String()
}
