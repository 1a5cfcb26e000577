# syntax=docker/dockerfile:1
#
#   docker build --tag stoppress .
#   docker run --read-only --publish 8000:8000 --volume stoppress:/data --env STOPPRESS_KEYS stoppress
#
# To get the same build every time, also pin the base image by its digest:
#   docker buildx imagetools inspect python:3.13.9-slim-bookworm     # prints the digest
#   docker build --build-arg PYTHON=3.13.9-slim-bookworm@sha256:... .
ARG PYTHON=3.13.9-slim-bookworm
ARG NODE=22.21.0-bookworm-slim

# Build the files that browsers load: minified, with hashes in their names.
FROM node:${NODE} AS client
WORKDIR /opt/client_js
COPY client_js/package.json client_js/package-lock.json client_js/.npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY client_js/scripts scripts
COPY client_js/src src
COPY client_js/desk desk
RUN npm run build

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
WORKDIR /opt/stoppress
COPY requirements/runtime.txt requirements/build.txt requirements/
# The image keeps only `venv`, which is without pip. `tools` builds the wheel and installs it into `venv`.
RUN python -m venv tools && tools/bin/pip install --require-hashes -r requirements/build.txt
RUN python -m venv --without-pip venv && \
    tools/bin/pip --python venv/bin/python install --require-hashes --only-binary :all: -r requirements/runtime.txt
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY server server
COPY client_js/src client_js/src
COPY client_js/desk client_js/desk
COPY client_js/worker client_js/worker
COPY --from=client /opt/client_js/dist client_js/dist
RUN tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . && \
    tools/bin/pip --python venv/bin/python install --no-deps --no-index dist/*.whl && \
    mkdir data

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="Stoppress" \
      org.opencontainers.image.description="A push server for live blogs: every reader is a cursor, not a queue" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/stoppress/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    STOPPRESS_HOST=0.0.0.0 \
    STOPPRESS_PORT=8000 \
    STOPPRESS_STORE=sqlite:/data/stoppress.db
COPY --from=build /opt/stoppress/venv /opt/stoppress/venv
COPY --from=build --chown=10001:10001 /opt/stoppress/data /data
# A number, because Kubernetes cannot tell from a name that the user is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# Check the process, not the store. If Docker restarted nodes because Redis is down, they would lose what they have in
# memory.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["python", "-c", "import http.client, os; \
    connection = http.client.HTTPConnection('127.0.0.1', int(os.environ['STOPPRESS_PORT']), timeout=2); \
    connection.request('GET', '/livez'); raise SystemExit(connection.getresponse().status != 200)"]
ENTRYPOINT ["stoppress"]
CMD ["serve"]
