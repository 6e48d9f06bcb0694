"""An ML backend for Label Studio as its examples have it: pytesseract, a task after the other. Imports nothing of ours.

Arguments: the port, and where Label Studio is; its legacy token is in ``LABEL_STUDIO_API_KEY``.
"""

from __future__ import annotations

import io
import json
import os
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytesseract
from PIL import Image

VERSION = "pytesseract"


class Backend(BaseHTTPRequestHandler):
    """Answers a request, then the next one."""

    def do_GET(self) -> None:
        """Health."""
        self._answer({"status": "UP", "model_class": "pytesseract"})

    def do_POST(self) -> None:
        """Setup, or predictions for the tasks that were sent."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/predict"):
            self._answer({"results": [_predict(task) for task in body["tasks"]], "model_version": VERSION})
        else:
            self._answer({"model_version": VERSION})

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def _answer(self, value: dict[str, Any]) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _predict(task: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        sys.argv[2] + task["data"]["image"], headers={"Authorization": f"Token {os.environ['LABEL_STUDIO_API_KEY']}"}
    )
    with urllib.request.urlopen(request) as answer:
        image = Image.open(io.BytesIO(answer.read()))
    read = pytesseract.image_to_data(image, lang="eng", output_type=pytesseract.Output.DICT)
    result = []
    for at, text in enumerate(read["text"]):
        if text.strip():
            value = {
                "x": 100 * read["left"][at] / image.width,
                "y": 100 * read["top"][at] / image.height,
                "width": 100 * read["width"][at] / image.width,
                "height": 100 * read["height"][at] / image.height,
                "rotation": 0,
            }
            about: dict[str, Any] = {"id": f"word{at}", "to_name": "image"}
            about |= {"original_width": image.width, "original_height": image.height, "image_rotation": 0}
            box = {"from_name": "label", "type": "rectanglelabels", "value": value | {"rectanglelabels": ["Text"]}}
            result.append(about | box)
            result.append(about | {"from_name": "text", "type": "textarea", "value": value | {"text": [text]}})
    return {"result": result, "score": 0.5, "model_version": VERSION}


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Backend).serve_forever()
