# The worker in a container. What runs needs no shell, no root and no writable root: /tmp for sockets, a volume where the
# embedded broker's file is, if that is used.
#
# The base is an exact tag; to pin it by content: --build-arg BASE=python:…@sha256:…
# A mirror of packages, or an authority of your own, comes as secrets: --secret id=pip,src=pip.conf --secret id=ca,src=ca.pem
# (in pip.conf: cert = /run/secrets/ca). Neither is kept in the image.
ARG BASE=python:3.11.14-slim-bookworm

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_NO_INPUT=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /build
COPY requirements/run.txt requirements/build.txt requirements/
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    --mount=type=secret,id=ca \
    python3 -m venv tools \
 && python3 -m venv --without-pip /opt/news-worker \
 && tools/bin/pip install --require-hashes -r requirements/build.txt \
 && tools/bin/pip --python /opt/news-worker/bin/python3 install --no-compile --require-hashes --only-binary :all: \
      -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY worker worker
# Bytecode of all that is imported, the base's library too, which comes without: else every start would compile it anew. It
# lies in a folder of its own and is never held against its source, so that no time of a file is in it. What was only needed
# to build libraries goes, and the one of zstandard's two back ends that isn't used, a tenth of it all.
RUN tools/bin/pip wheel --no-deps --no-build-isolation --no-index --wheel-dir wheels . \
 && tools/bin/pip --python /opt/news-worker/bin/python3 install --no-compile --no-deps --no-index wheels/*.whl \
 && find /opt/news-worker -regex '.*\.\(c\|h\|pxd\|pyx\)' -delete \
 && find /opt/news-worker -name '_cffi.*.so' -path '*/zstandard/*' -delete \
 && PYTHONPYCACHEPREFIX=/opt/news-worker/bytecode /opt/news-worker/bin/python3 -m compileall -q -f \
      --invalidation-mode unchecked-hash -x '/(test|tests|idlelib|lib2to3|tkinter|turtledemo|ensurepip|dist-packages)/' \
      /opt/news-worker/lib "$(python3 -c 'import os; print(os.path.dirname(os.__file__))')" \
 && mkdir state

FROM ${BASE}
COPY --from=build /opt/news-worker /opt/news-worker
COPY --from=build --chown=10001:10001 /build/state /var/lib/news-worker
ENV PATH=/opt/news-worker/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPYCACHEPREFIX=/opt/news-worker/bytecode \
    PYTHONUNBUFFERED=1 \
    NEWS_WORKER_HEALTH_ADDRESS=0.0.0.0:9464
EXPOSE 9464
USER 10001:10001
WORKDIR /var/lib/news-worker
VOLUME /var/lib/news-worker
HEALTHCHECK --interval=60s --timeout=10s --start-period=20s CMD ["/opt/news-worker/bin/news-worker", "healthy"]
ENTRYPOINT ["/opt/news-worker/bin/news-worker"]
CMD ["run"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="news-worker" \
      org.opencontainers.image.description="Articles from feeds and files become events in topics: exactly once, in order" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
