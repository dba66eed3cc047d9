# One image per service: docker build --build-arg SERVICE=nlp --tag nlp-processing:0.1.0 .
# SERVICE is news_ingestion, nlp, market_impact or alerts; only the libraries of that service come in.
ARG BASE_IMAGE=python:3.12.12-slim-trixie

FROM ${BASE_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /source
COPY pyproject.toml constraints.txt alembic.ini README.md LICENSE ./
COPY migrations migrations
COPY libs libs
COPY services services
RUN --mount=type=cache,target=/root/.cache/pip \
    python3 -m venv /opt/build \
    && /opt/build/bin/pip install --constraint constraints.txt hatchling \
    && /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheel .
COPY image image
ARG SERVICE
# Wheels only: anything else would need a compiler, and there is none. Slimming fails for an unknown service.
RUN --mount=type=cache,target=/root/.cache/pip \
    extra=$(python3 -c "import sys; print(sys.argv[1].replace('_', '-'))" "${SERVICE:?say which: --build-arg SERVICE=nlp}") \
    && python3 -m venv /opt/mia \
    && /opt/mia/bin/pip install --only-binary :all: --no-compile --constraint constraints.txt packaging \
       "$(echo /wheel/*.whl)[${extra}]" \
    && /opt/mia/bin/python image/slimming.py "${SERVICE}"

FROM ${BASE_IMAGE}
ARG SERVICE
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="market-impact-analysis-system ${SERVICE}" \
      org.opencontainers.image.description="The service ${SERVICE} of the Market Impact Analysis System" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /opt/mia /opt/mia
# The root file system may be read-only: nothing is written but below /tmp.
ENV PATH=/opt/mia/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
    MIA_SERVICE=${SERVICE}
USER 10001:10001
WORKDIR /tmp
ENTRYPOINT ["mia"]
CMD ["serve", "--host", "0.0.0.0"]
