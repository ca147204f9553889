# The operator. `npm run images` lays out the context and builds this file; it only copies, so it needs no engine.
# BASE: any image with Node 24 at /usr/local/bin/node. To pin the default's bytes, append the digest that
# `docker buildx imagetools inspect node:24.21.0-trixie-slim` prints: node:24.21.0-trixie-slim@sha256:...
ARG BASE=docker.io/library/node:24.21.0-trixie-slim
FROM ${BASE}
ARG VERSION
LABEL org.opencontainers.image.title="kwasm-operator" org.opencontainers.image.licenses="Apache-2.0"
LABEL org.opencontainers.image.version="${VERSION}"
COPY app/ /app/
ENV NODE_ENV=production KWASM_VERSION="${VERSION}"
USER 65532:65532
EXPOSE 8080/tcp 8081/tcp
# A small young generation: what a watch event leaves behind dies at once, and 16 MiB halves of it would only be memory.
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=2", "/app/operator.mjs"]
