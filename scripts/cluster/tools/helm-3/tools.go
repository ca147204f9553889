//go:build tools

// Package tools pins what this folder builds; go.sum holds every hash.
package tools

import (
	_ "helm.sh/helm/v3/cmd/helm"
)
