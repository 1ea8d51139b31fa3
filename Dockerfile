# The image for both commands and for a team's instance: docker build -t vpp . && docker run vpp run --month 2023-08
FROM python:3.11-slim-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends make git && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/vpp
COPY . .
ARG EXTRAS=pipeline,live,llm,postgres,s3
RUN make setup && .venv/bin/pip install --no-cache-dir ".[${EXTRAS}]" && rm -rf ~/.cache
ENV PATH=/opt/vpp/.venv/bin:$PATH DAGSTER_HOME=/opt/vpp/.dagster
ENTRYPOINT ["vpp"]
CMD ["--help"]
