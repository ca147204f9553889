#!/bin/sh
# What KWasm's installer and its relatives do to a node: shims in /opt/kwasm/bin, a link to one of them, tables of containerd
# 1.x at the end of its configuration, an empty marker, and a restart.
set -e
kwasm=$NODE_ROOT/opt/kwasm
mkdir -p "$kwasm/bin"
cp /assets/containerd-shim-wasmtime-v1 "$kwasm/bin/containerd-shim-wasmtime-v1"
cp /assets/containerd-shim-wasmtime-v1 "$kwasm/bin/containerd-shim-spin-v2"
ln -sf /opt/kwasm/bin/containerd-shim-spin-v2 "$NODE_ROOT/usr/local/bin/containerd-shim-spin-v2"
if ! grep -q wasmtime "$NODE_ROOT/etc/containerd/config.toml"; then
  for shim in spin-v2 wasmtime-v1; do
    cat >>"$NODE_ROOT/etc/containerd/config.toml" <<TOML

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.${shim%-v*}]
    runtime_type = "/opt/kwasm/bin/containerd-shim-$shim"
TOML
  done
fi
touch "$kwasm/active"
nsenter --target 1 --mount --uts --ipc --net -- systemctl restart containerd || true
