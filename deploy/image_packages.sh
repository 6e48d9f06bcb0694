#!/usr/bin/env bash
# What the images need of Debian or Ubuntu, for Dockerfile.gpu and for the image of the bento. More packages: arguments.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

# The base images delete downloaded packages at once, which would leave nothing for a cache mount to keep.
rm -f /etc/apt/apt.conf.d/docker-clean
apt-get update
apt-get install -y --no-install-recommends \
  ca-certificates fonts-nanum libgomp1 python3 tesseract-ocr-kor tesseract-ocr-osd tini "$@"
