# The canary pod's module (canary.wat), as every Wasm image for a runwasi shim: nothing but the module, which is the entrypoint.
FROM scratch
ARG VERSION
LABEL org.opencontainers.image.title="kwasm-canary" org.opencontainers.image.licenses="Apache-2.0"
LABEL org.opencontainers.image.version="${VERSION}"
COPY canary.wasm /canary.wasm
ENTRYPOINT ["/canary.wasm"]
