# The server in a small image: docker build -t safelight . && docker run -p 8080:8080 -v "$PWD/images:/images:ro" safelight
#
# The admin listener is only for this container: SAFELIGHT_ADMIN_LISTEN=0.0.0.0:9090 opens it to probes of /livez and
# /readyz and to a collector of /metrics. It responds even if viewers have taken all connections.

FROM docker.io/library/rust:1.95-bookworm AS build
# `release` builds in a third of the time; `dist` is what is shipped.
ARG PROFILE=dist
# The toolchain that the image has: rust-toolchain.toml would fetch formatter and linter too.
ENV RUSTUP_TOOLCHAIN=1.95.0 CARGO_TARGET_DIR=/target
WORKDIR /safelight
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/target \
    cargo build --locked --profile "$PROFILE" -p safelight \
    && install -D "/target/$PROFILE/safelight" /out/safelight

# glibc, CA certificates and a user without rights; no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/safelight /usr/local/bin/safelight
COPY LICENSE-MIT LICENSE-APACHE LICENSE-DEJAVU /usr/share/doc/safelight/
ENV SAFELIGHT_LISTEN=0.0.0.0:8080 SAFELIGHT_ADMIN_LISTEN=127.0.0.1:9090
EXPOSE 8080
# The user nonroot, by number, as runAsNonRoot of Kubernetes wants it.
USER 65532
# By the program itself, since the image has no shell.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/usr/local/bin/safelight", "health"]
ENTRYPOINT ["/usr/local/bin/safelight"]
CMD ["serve", "/images"]
