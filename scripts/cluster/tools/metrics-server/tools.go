//go:build tools

// Package tools pins what this folder builds; go.sum holds every hash.
package tools

import (
	_ "sigs.k8s.io/metrics-server/cmd/metrics-server"
)
