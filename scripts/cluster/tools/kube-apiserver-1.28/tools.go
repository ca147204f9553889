//go:build tools

// Package tools pins what this folder builds; go.sum holds every hash.
package tools

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
)
