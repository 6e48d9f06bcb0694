#!/usr/bin/env bash
# Read both sample invoices: through a running server with curl, else in this process; draw what was read either way.
set -euo pipefail
cd "$(dirname "$0")/.."

url="http://127.0.0.1:${HTTP_PORT:-3000}"
mkdir -p demo
for language in korean english; do
  image="samples/invoice_$language.png"
  if command -v curl >/dev/null && curl --silent --fail --output /dev/null --max-time 5 "$url/readyz"; then
    echo "\$ curl -F image=@$image -F language=$language $url/extract_text"
    curl --silent --show-error --fail-with-body -F "image=@$image" -F "language=$language" "$url/extract_text" \
      >"demo/$language.json"
    .venv/bin/python - "demo/$language.json" <<'PY'
import json, sys

answer = json.load(open(sys.argv[1], encoding="utf-8"))
print(*answer["text"].splitlines()[:12], "…", sep="\n")
print(
    f"{len(answer['text_boxes'])} lines by {answer['engine']}, {answer['model_version']}, in"
    f" {answer['processing_time_ms']:.0f} ms, mean confidence {answer['overall_confidence']:.3f}\n-> {sys.argv[1]}\n"
)
PY
  else
    echo "no server is ready at $url (make serve starts one); reading $image without one"
    .venv/bin/ml-server extract "$image" --lang "$language" --overlay "demo/$language.png"
    echo "-> demo/$language.png"
  fi
done
