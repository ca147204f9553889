//go:build tools

// Package tools pins what this folder builds; go.sum holds every hash.
package tools

import (
	_ "go.etcd.io/etcd/server/v3"
)
