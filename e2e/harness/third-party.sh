#!/bin/sh
# An installer of KWasm's contract as they are in the wild: no arguments, no checks, the host at $NODE_ROOT.
# It declares the handler "thirdparty" in the table of containerd 1.x, once or (TIMES=2) twice, and restarts containerd.
# With PERSISTS it does not end, and goes on writing.
set -e
mkdir -p "$NODE_ROOT/opt/thirdparty"
cp /assets/containerd-shim-wasmtime-v1 "$NODE_ROOT/opt/thirdparty/containerd-shim-thirdparty-v1"
for _ in $(seq "$TIMES"); do
  cat >>"$NODE_ROOT/etc/containerd/config.toml" <<TOML

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.thirdparty]
    runtime_type = "/opt/thirdparty/containerd-shim-thirdparty-v1"
TOML
done
nsenter --target 1 --mount --uts --ipc --net -- systemctl restart containerd || true
while [ -n "$PERSISTS" ]; do
  sleep 0.1
  echo '[broken' >>"$NODE_ROOT/etc/containerd/config.toml"
done
