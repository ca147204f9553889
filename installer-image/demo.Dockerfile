# The demo component, as every Wasm image for a runwasi shim: nothing but the module, which is the entrypoint.
FROM scratch
ARG VERSION
LABEL org.opencontainers.image.title="kwasm-demo" org.opencontainers.image.licenses="Apache-2.0"
LABEL org.opencontainers.image.version="${VERSION}"
COPY component.wasm /component.wasm
EXPOSE 8080/tcp
ENTRYPOINT ["/component.wasm"]
