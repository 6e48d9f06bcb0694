#!/usr/bin/env bash
# Write constraints.txt anew: install the newest releases pyproject.toml allows into a fresh environment and list them.
set -euo pipefail
cd "$(dirname "$0")/.."

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
# Held back by hand: see the head of constraints.txt, and pyproject.toml for torch (newer ones pull in CUDA packages).
printf '%s\n' 'opencv-python-headless==4.10.0.84' 'torch==2.13.0' 'bentoml==1.4.39' >"$work/held.txt"

"${PYTHON:-python3.11}" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet -c "$work/held.txt" -e '.[all,dev,bench]'
{
  sed '/^[^#]/,$d' constraints.txt # the comment at the head stays
  # Without this project, and without local versions such as torch's +cpu, which other machines do not have.
  "$work/venv/bin/python" -m pip freeze --exclude ml_server | sed -e '/^#/d' -e 's/+[a-z0-9.]*$//' | sort -f
} >"$work/constraints.txt"
cp "$work/constraints.txt" constraints.txt
echo "constraints.txt: $(grep -c == constraints.txt) packages; now make setup test check"
