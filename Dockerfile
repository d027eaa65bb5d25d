# The image of the pool-manager, for linux/amd64 and linux/arm64. How to build it, and what is in it: docs/CONTAINER.md.
#
# Either base image can be another one: the same by digest, or a copy of it in a mirror. The tag of the first is the
# `rust-version` of Cargo.toml. Distroless images have no version in their tags, only the Debian release in their name.
ARG RUST_IMAGE=rust:1.90-slim-bookworm
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

# The compiler runs on the machine that builds, whichever platform the binary is for: nothing is emulated.
FROM --platform=$BUILDPLATFORM ${RUST_IMAGE} AS chef
ARG CARGO_CHEF_VERSION=0.1.78
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    cargo install cargo-chef --version "$CARGO_CHEF_VERSION" --locked
WORKDIR /src

# What the dependencies are, without the code that uses them. A change of code leaves the recipe as it is. All of the
# workspace, although one package is built: a recipe of fewer crates does not agree with Cargo.lock.
FROM chef AS recipe
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

# The two platforms. The linker is the C compiler of the platform; a compiler that comes with the image has that name too.
FROM chef AS chef-amd64
ENV TARGET=x86_64-unknown-linux-gnu \
    CROSS_COMPILER=gcc-x86-64-linux-gnu \
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=x86_64-linux-gnu-gcc

FROM chef AS chef-arm64
ENV TARGET=aarch64-unknown-linux-gnu \
    CROSS_COMPILER=gcc-aarch64-linux-gnu \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc

# One of the two stages above, so there is nothing to tag.
# hadolint ignore=DL3006
FROM chef-${TARGETARCH} AS build
ARG BUILDARCH
ARG TARGETARCH
# Only for the other platform than that of the machine: the cryptography, SQLite and the allocator are C. No versions: the
# archive of a Debian release keeps one of each package, and the base image says which release.
# hadolint ignore=DL3008
RUN if [ "$TARGETARCH" != "$BUILDARCH" ]; then \
      apt-get update && \
      apt-get install --yes --no-install-recommends "$CROSS_COMPILER" "libc6-dev-$TARGETARCH-cross" && \
      rm -rf /var/lib/apt/lists/* && \
      rustup target add "$TARGET"; \
    fi

# The dependencies: this layer is built again when Cargo.lock or a manifest changes, and otherwise is not. `--target` is
# said, not configured: only so does cargo-chef find the empty crates that it compiled in place of ours, and remove them.
COPY --from=recipe /src/recipe.json /src/
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    cargo chef cook --release --locked --target "$TARGET" --package pool-manager --recipe-path recipe.json

COPY . /src/
# The last stage has no shell that could make /data.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    cargo build --release --locked --target "$TARGET" --package pool-manager && \
    cp "target/$TARGET/release/pool-manager" /pool-manager && \
    install --directory --owner=1000 --group=1000 --mode=0750 /data

FROM ${RUNTIME_IMAGE}
# The version of the crate, unless the build is told another; the commit that it is built from.
ARG VERSION=0.1.0
ARG REVISION=""
LABEL org.opencontainers.image.title="pool-manager" \
      org.opencontainers.image.description="Control plane of a multi-tenant platform: tenants, services, their connections and the Valkey cache" \
      org.opencontainers.image.vendor="Lerian Studio" \
      org.opencontainers.image.source="https://github.com/LerianStudio/pool-manager" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"

COPY --from=build --chown=1000:1000 /data /data
COPY --from=build /pool-manager /pool-manager

# VERSION is what /version and telemetry report.
ENV DATA_DIR=/data \
    VERSION=$VERSION
USER 1000:1000
VOLUME ["/data"]
EXPOSE 4003
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 CMD ["/pool-manager", "health"]
ENTRYPOINT ["/pool-manager"]
