"""FastAPI and pytesseract as tutorials have it; runs in an environment of its own, so it imports nothing of ours."""

from __future__ import annotations

import io
from typing import Annotated

import pytesseract
from fastapi import FastAPI, File
from PIL import Image

app = FastAPI()


@app.post("/extract_text")
def extract_text(image: Annotated[bytes, File()]) -> dict[str, str]:
    """Read a page."""
    return {"text": pytesseract.image_to_string(Image.open(io.BytesIO(image)), lang="eng")}
