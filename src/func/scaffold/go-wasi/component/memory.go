package main

import (
	"encoding/binary"
	"unsafe"
)

// What a host gives back, by the canonical ABI: https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md
// It is on the heap, since a host that asks for memory meanwhile may move a goroutine's stack. A call has one of its own, since other goroutines may
// run then.
type area [8]uint64

func (a *area) bytes() []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(a)), unsafe.Sizeof(*a))
}

func (a *area) u8(at int) uint8   { return a.bytes()[at] }
func (a *area) u16(at int) uint16 { return binary.LittleEndian.Uint16(a.bytes()[at:]) }
func (a *area) u32(at int) uint32 { return binary.LittleEndian.Uint32(a.bytes()[at:]) }
func (a *area) u64(at int) uint64 { return binary.LittleEndian.Uint64(a.bytes()[at:]) }

// The string or list of bytes at a place, which is the caller's from now on.
func (a *area) blob(at int) []byte { return taken(a.bytes()[at:], 1) }

func (a *area) text(at int) string { return text(a.bytes()[at:]) }

// The elements of a list, each of so many bytes.
func (a *area) list(at, size int) [][]byte {
	elements := taken(a.bytes()[at:], size)
	list := make([][]byte, 0, len(elements)/size)
	for ; len(elements) >= size; elements = elements[size:] {
		list = append(list, elements[:size])
	}
	return list
}

func text(place []byte) string { return string(taken(place, 1)) }

// What the host was given to write into and nobody has taken yet: to Go's collector an address in other memory is a number.
type given struct {
	words []uint64
	next  *given
}

var pending *given

//go:wasmexport cabi_realloc
func realloc(old, oldSize, align, size uint32) uint32 {
	given := &given{words: make([]uint64, max(1, (size+7)/8)), next: pending}
	pending = given
	if oldSize > 0 {
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&given.words[0])), size), taken(pair(old, oldSize), 1))
	}
	return addressOf(unsafe.Pointer(&given.words[0]))
}

// `place` has an address and a count of elements.
func taken(place []byte, size int) []byte {
	address := binary.LittleEndian.Uint32(place)
	length := int(binary.LittleEndian.Uint32(place[4:])) * size
	for link := &pending; *link != nil; link = &(*link).next {
		if found := *link; addressOf(unsafe.Pointer(&found.words[0])) == address {
			*link = found.next
			return unsafe.Slice((*byte)(unsafe.Pointer(&found.words[0])), length)
		}
	}
	if length == 0 {
		return nil
	}
	panic("the host gave memory that it was not given")
}

func pair(address, length uint32) []byte {
	place := binary.LittleEndian.AppendUint32(nil, address)
	return binary.LittleEndian.AppendUint32(place, length)
}

func addressOf(pointer unsafe.Pointer) uint32 { return uint32(uintptr(pointer)) }

// For imports that read: address and length. Neither may be freed before the call ends, which runtime.KeepAlive or a later use must see to.
func dataOf(bytes []byte) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.SliceData(bytes)), uint32(len(bytes))
}

func dataOfText(text string) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.StringData(text)), uint32(len(text))
}
