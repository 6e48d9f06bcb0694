#!/usr/bin/env bash
# Runs where a bento was installed (BENTO_PATH, its environment active), after BentoML has installed its requirements.
set -euo pipefail
exec bash "$BENTO_PATH/src/deploy/image_venv.sh" "$BENTO_PATH/env/python/requirements.txt"
