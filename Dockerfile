# SPDX-License-Identifier: Apache-2.0
# Two images on Debian bookworm:
#
#   serve   colonnaded, colonnade-inspect and colonnade: stores models and data, serves artifacts
#   full    also colonnade-worker and LibTorch: runs packing jobs
#
#   docker build --target full -t colonnade .
#   docker run --read-only --volume colonnade:/var/lib/colonnade colonnade
#
# Without more the daemon listens on the container's loopback address only. Whoever reaches
# it may act for every tenant, so opening it takes two settings (docs/operations.md), best
# with a published port that stays on this host:
#
#   docker run --read-only --volume colonnade:/var/lib/colonnade --publish 127.0.0.1:8500:8500 \
#     --env COLONNADE_LISTEN=0.0.0.0:8500 --env COLONNADE_INSECURE=true colonnade

FROM debian:bookworm-slim AS build-serve
WORKDIR /src
COPY deploy/install-deps deploy/packages.txt deploy/
RUN deploy/install-deps
COPY . .
RUN --mount=type=cache,target=/root/.cache/ccache \
    cmake --preset release -DCOLONNADE_TESTS=OFF \
    && cmake --build --preset release --target colonnaded colonnade-inspect colonnade -- --quiet
RUN strip build/release/bin/* && deploy/runtime-packages build/release/bin/* > build/packages.txt

FROM build-serve AS build-full
RUN --mount=type=cache,target=/root/.cache/ccache \
    cmake --build --preset release --target colonnade-worker -- --quiet
RUN strip build/release/bin/* && deploy/runtime-packages build/release/bin/* > build/packages.txt

FROM debian:bookworm-slim AS base
RUN useradd --uid 10001 --user-group --home-dir /var/lib/colonnade --shell /usr/sbin/nologin colonnade \
    && install -d -o colonnade -g colonnade -m 0700 /var/lib/colonnade
ENV COLONNADE_STATE=/var/lib/colonnade
VOLUME /var/lib/colonnade
EXPOSE 8500
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["colonnade", "--server", "127.0.0.1:8500", "status"]
USER 10001:10001
ENTRYPOINT ["colonnaded"]

FROM base AS serve
USER root
RUN --mount=type=bind,from=build-serve,source=/src,target=/src \
    /src/deploy/install-deps /src/build/packages.txt && rm -rf /var/lib/apt/lists/*
COPY --from=build-serve /src/build/release/bin/ /usr/local/bin/
USER 10001:10001

FROM base AS full
USER root
RUN --mount=type=bind,from=build-full,source=/src,target=/src \
    /src/deploy/install-deps /src/build/packages.txt && rm -rf /var/lib/apt/lists/*
COPY --from=build-full /src/build/release/bin/ /usr/local/bin/
USER 10001:10001
