#!/usr/bin/env bash
# Korean data that no Python package brings: Tesseract's Korean and its page orientation, and a Korean font for overlays.
# Installed by apt-get where that asks nobody; else this says what is missing and what to do, and setup goes on.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/apt.sh

has_tessdata() {
  local folder
  for folder in "${TESSDATA_PREFIX:-}" "${ML_SERVER_MODEL_DIR:-}" /usr/share/tesseract-ocr/*/tessdata \
    /usr/share/tessdata /usr/local/share/tessdata /opt/homebrew/share/tessdata; do
    [[ -n "$folder" && -e "$folder/$1.traineddata" ]] && return
  done
  return 1
}
has_font() { .venv/bin/python -c 'import sys; from ml_server import fonts; sys.exit(fonts.hangul_font() is None)'; }

missing() {
  has_tessdata kor || echo tesseract-ocr-kor
  has_tessdata osd || echo tesseract-ocr-osd
  has_font || echo fonts-nanum
}

mapfile -t wanted < <(missing)
# One try a set-up: without a network each would cost a minute. A new .venv tries again.
if ((${#wanted[@]})) && [[ ! -e .venv/.apt-tried ]] && may_apt; then
  apt_install "${wanted[@]}" || echo "setup: apt-get could not install them; going on without"
  touch .venv/.apt-tried
  mapfile -t wanted < <(missing)
fi
if ((${#wanted[@]})); then
  cat <<TEXT
setup: not here, and not installed by itself: ${wanted[*]}
       Everything else works. tesseract-ocr-kor lets Tesseract read Korean, tesseract-ocr-osd tells which way up a page
       lies, fonts-nanum writes Korean into overlays. To have them:
           sudo apt-get install ${wanted[*]}
       without root, for the Tesseract data:
           apt-get download tesseract-ocr-kor tesseract-ocr-osd
           for deb in tesseract-ocr-*.deb; do dpkg -x "\$deb" debian; done
           export TESSDATA_PREFIX="\$PWD/debian/usr/share/tesseract-ocr/5/tessdata"
TEXT
fi
