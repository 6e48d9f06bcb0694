#!/usr/bin/env bash
# promtool, with which the tests check the alert rules: out of Debian's package prometheus into .venv/bin. The package is
# unpacked and not installed, for installing it would start a Prometheus. Where that cannot be, those tests are skipped, or
# in CI fail.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/apt.sh

target="$PWD/.venv/bin/promtool"
if [[ -x "$target" ]] || command -v promtool >/dev/null; then exit; fi
# One try a set-up, as for the other packages.
if [[ -e .venv/.promtool-tried ]] || ! may_apt; then exit; fi
touch .venv/.promtool-tried

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
# apt's own user may write there.
chmod 777 "$folder"
download() { (cd "$folder" && apt-get -qq download prometheus >/dev/null 2>&1); }

echo "setup: promtool, from Debian's package prometheus"
# The lists of a fresh machine are empty or old.
if download || { as_root apt-get -qq update >/dev/null 2>&1 && download; }; then
  dpkg-deb --fsys-tarfile "$folder"/prometheus_*.deb | tar -x -C "$folder" ./usr/bin/promtool
  install "$folder/usr/bin/promtool" "$target"
else
  echo "setup: it could not be had; the tests of the alert rules are skipped, or in CI fail"
fi
