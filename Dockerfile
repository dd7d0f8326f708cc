# One image for workers and command line; see docker-compose.yml.
FROM python:3.12-slim-bookworm

# Where torch comes from. Empty: PyPI, whose torch carries CUDA (5 GB). torch and torchvision
# must come from one place: torch without CUDA and PyPI's torchvision fail at import.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /src
COPY constraints.txt ./
# A layer of its own: code changes daily, torch does not. Of one version, pip prefers
# the build with a local label (2.9.0+cpu) to the plain one, so the extra index wins.
RUN pip install --constraint constraints.txt ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} \
      torch torchvision
COPY pyproject.toml README.md ./
COPY catalog catalog
COPY migrations migrations
COPY workers workers
RUN pip install --constraint constraints.txt '.[speech]' && rm -rf /src/*

# A new volume takes over the owner of the folder it is mounted on.
RUN useradd --system --uid 10001 --home-dir /var/lib/catalog --create-home catalog
USER catalog
ENV CATALOG_HOME=/var/lib/catalog HOME=/var/lib/catalog
WORKDIR /var/lib/catalog

CMD ["catalog", "--help"]
