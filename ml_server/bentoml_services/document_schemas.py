"""The shapes of ``/documents``: what is asked and what is answered."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from ml_server.bentoml_services.examples import with_example
from ml_server.ingest.documents import StoredDocument

_ID = "9f2c41d07be35a68c1f0942ad77e83e1"
_NAME = f"{_ID}-200dpi-p0001.png"

EXAMPLE: Final[dict[str, Any]] = {
    "status": "success",
    "id": _ID,
    "name": "계약서.pdf",
    "format": "PDF",
    "dpi": 200,
    "page_count": 1,
    "pages": [{"page": 1, "name": _NAME, "url": f"s3://bucket/preprocessed/{_NAME}", "width": 1654, "height": 2339}],
    "raw": f"s3://bucket/raw/{_ID}.pdf",
    "already_stored": False,
    "uploaded": 2,
    "processing_time_ms": 412.6,
}


class DocumentOptions(BaseModel):
    """The text fields of the form. Defaults are the server's settings."""

    dpi: int = Field(ge=36, le=600, description="resolution the pages of a PDF are stored at; images keep theirs")
    keep_raw: bool = Field(
        description="keep the file as it came, too; `false` removes a copy that was kept of it before"
    )


class StoredPageBody(BaseModel):
    """One page as it is stored."""

    page: int = Field(ge=1, description="position in the document, from 1")
    name: str = Field(description="of its file, made of the document's content and the page's number")
    url: str = Field(description="`s3://…`, or an address below this server's `/files/`")
    width: int = Field(description="pixels")
    height: int = Field(description="pixels")


class StoredDocumentBody(BaseModel):
    """The answer of `/documents`."""

    model_config = with_example(EXAMPLE)

    status: Literal["success"] = "success"
    id: str = Field(description="of the file's bytes: the same file has the same id, whatever its name")
    name: str = Field(description="of the file, as it was sent")
    format: str = Field(description="by content: `PDF`, `TIFF`, `PNG`, `JPEG`, `WebP`, `BMP` or `GIF`")
    dpi: int | None = Field(description="resolution the pages were rendered at; null for images")
    page_count: int
    pages: list[StoredPageBody]
    raw: str | None = Field(description="where the file as it came is kept; null where it is not")
    already_stored: bool = Field(description="whether every page was there before")
    uploaded: int = Field(description="files stored by this request: pages, and the raw copy")
    processing_time_ms: float

    @classmethod
    def of(
        cls, document: StoredDocument, urls: list[str], raw: str | None, processing_time_ms: float
    ) -> StoredDocumentBody:
        """A stored document as JSON.

        Args:
            document: what was stored.
            urls: of its pages, in order.
            raw: address of the raw copy.
            processing_time_ms: milliseconds since it came.
        """
        return cls(
            id=document.id,
            name=document.name,
            format=document.format,
            dpi=document.dpi,
            page_count=len(document.pages),
            pages=[
                StoredPageBody(page=page.number, name=page.name, url=url, width=page.width, height=page.height)
                for page, url in zip(document.pages, urls, strict=True)
            ],
            raw=raw,
            already_stored=document.known,
            uploaded=document.uploaded,
            processing_time_ms=processing_time_ms,
        )
