# Serves WasmModules whose reference is a Wasm artifact, which containerd does not run: pull (Node), then compile and serve (the shim's
# own host of HTTP, as a program of its own). The base is the operator's. To pin the default's bytes see operator.Dockerfile.
ARG BASE=docker.io/library/node:24.21.0-trixie-slim
FROM ${BASE}
ARG VERSION
LABEL org.opencontainers.image.title="kwasm-runner" org.opencontainers.image.licenses="Apache-2.0"
LABEL org.opencontainers.image.version="${VERSION}"
COPY kwasm-runner /usr/local/bin/kwasm-runner
COPY app/ /app/
USER 65532:65532
EXPOSE 8080/tcp
ENTRYPOINT ["/usr/local/bin/kwasm-runner"]
