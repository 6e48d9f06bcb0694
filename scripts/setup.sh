#!/usr/bin/env bash
# Everything the project needs, into .venv: `make setup` calls this when pyproject.toml, constraints.txt or this changed.
#
#   PYTHON=python3.12 make setup     another interpreter (3.11 or newer; the pins are known to work on 3.11)
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/apt.sh

log=.venv/setup.log
say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$@" >&2; exit 1; }

# Run a command quietly, its output into the log; show the end of the log if it fails.
quietly() {
  if ! "$@" >>"$log" 2>&1; then
    tail -n 25 "$log" >&2
    die "failed: $*" "the whole output is in $log"
  fi
}

find_python() {
  local candidate
  for candidate in ${PYTHON:-python3.11 python3.12 python3.13 python3}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

# Debian leaves ensurepip, and so `python -m venv`, to a package of its own; virtualenv from pip does without it.
make_venv() {
  local python=$1 name
  rm -rf .venv
  "$python" -m venv .venv >/dev/null 2>&1 && .venv/bin/python -m pip --version >/dev/null 2>&1 && return
  name="$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
  rm -rf .venv
  if may_apt && apt_install "$name"; then
    "$python" -m venv .venv >/dev/null 2>&1 && .venv/bin/python -m pip --version >/dev/null 2>&1 && return
  fi
  rm -rf .venv .venv-bootstrap
  say "$python has no ensurepip: making .venv with virtualenv from pip"
  if "$python" -m pip install --quiet --target .venv-bootstrap virtualenv >&2 &&
    PYTHONPATH=.venv-bootstrap "$python" -m virtualenv --quiet .venv >&2; then
    rm -rf .venv-bootstrap
    return
  fi
  rm -rf .venv .venv-bootstrap
  die "cannot make a virtual environment with $python." \
    "Install its venv module (Debian, Ubuntu: apt-get install $name), then run make again."
}

python="$(find_python)" || die "no Python 3.11 or newer found (looked for ${PYTHON:-python3.11 python3.12 python3.13 python3})." \
  "Debian 12: apt-get install python3 python3-venv; or name one: PYTHON=/path/to/python3 make setup"

if ! .venv/bin/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
  say "making .venv with $python"
  make_venv "$python"
fi

: >"$log"
say "installing packages into .venv (two to five minutes the first time; output in $log)"
quietly .venv/bin/python -m pip install -c constraints.txt -e '.[all,dev]'
# paddlex brings opencv-contrib-python, which needs the system's libGL, and easyocr opencv-python-headless, which does
# not. Both unpack into the folder cv2, in whatever order pip likes; so the headless one goes on top, last and always.
quietly .venv/bin/python -m pip install -c constraints.txt --force-reinstall --no-deps opencv-python-headless
touch .venv/.installed
say "packages are in"
