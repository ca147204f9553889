//go:build tools

// Package tools pins what this folder builds; go.sum holds every hash.
package tools

import (
	_ "github.com/cardil/knative-serving-wasm/cmd/controller"
)
