"""What the OCR routes are asked and answer. Pydantic models are in the ``…schemas`` modules and the settings only."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ml_server.bentoml_services import examples, failures
from ml_server.bentoml_services.box_schemas import Confidence, LayoutBlock, TextBox
from ml_server.bentoml_services.examples import with_example
from ml_server.bentoml_services.server_schemas import ErrorBody
from ml_server.document import DocumentResult, OCRPage
from ml_server.errors import MLServerError


class Options(BaseModel):
    """The text fields of every form. Defaults for language and engine are the server's settings."""

    model_config = ConfigDict(protected_namespaces=())

    language: str = Field(
        max_length=200, description="as people write it: `korean`, `ko`, `kor`, `english`, `korean+english`"
    )
    confidence_threshold: float = Field(
        0.5, ge=0, le=1, allow_inf_nan=False, description="lines below it are left out; 0 to 1"
    )
    use_angle_cls: bool = Field(True, description="also read pages and lines turned by 90, 180 or 270 degrees")
    engine: str = Field(max_length=200, description="`auto`, or an engine's name from `/engines`")
    model_version: str = Field(
        "", max_length=200, description="version of the key–value model, of those in service; empty for the one that is"
    )


class PageFields(BaseModel):
    """What is said of every page."""

    model_config = ConfigDict(protected_namespaces=())

    text: str = Field(description="all lines joined by newlines")
    overall_confidence: Confidence
    text_boxes: list[TextBox] = Field(description="lines in reading order; empty for a blank page")
    language: str = Field(description="canonical names joined by +")
    engine: str = Field(description="the engine that read the page")
    model_version: str
    width: int = Field(description="pixels")
    height: int = Field(description="pixels")
    processing_time_ms: float
    blocks: list[LayoutBlock] = Field(
        description="the page's layout, in reading order; empty where the engine finds none"
    )
    warnings: list[str] = Field(
        description="what is to be known of this reading: that an answer was cut off or had to be mended"
    )


class PageResult(PageFields):
    """The answer of `/extract_text`."""

    model_config = with_example(examples.PAGE)

    status: Literal["success"] = "success"

    @classmethod
    def of(cls, page: OCRPage) -> PageResult:
        """A page as JSON."""
        return cls(**_fields(page))


class NumberedPage(PageFields):
    """One page of a document."""

    page: int = Field(ge=1, description="position in the document, from 1")

    @classmethod
    def of(cls, page: OCRPage) -> NumberedPage:
        """A page as JSON, with its number."""
        return cls(page=page.number, **_fields(page))


class DocumentBody(BaseModel):
    """The answer of `/extract_document`."""

    model_config = with_example(examples.DOCUMENT)

    status: Literal["success"] = "success"
    pages: list[NumberedPage]
    page_count: int
    text: str = Field(description="the pages' texts joined by form feeds")
    processing_time_ms: float

    @classmethod
    def of(cls, result: DocumentResult) -> DocumentBody:
        """A document as JSON."""
        return cls(
            pages=[NumberedPage.of(page) for page in result.pages],
            page_count=len(result.pages),
            text=result.text,
            processing_time_ms=result.processing_time_ms,
        )


class FailedItem(ErrorBody):
    """An image of a batch that could not be read."""

    model_config = with_example({"status": "error", **examples.ERROR})

    status: Literal["error"] = "error"

    @classmethod
    def of(cls, error: MLServerError, request_id: str) -> FailedItem:
        """An error as JSON, in its place among results."""
        return cls.model_validate(failures.body(error, request_id))


class BatchBody(BaseModel):
    """The answer of `/extract_text_batch`: a result or an error for each image, in the order sent."""

    model_config = with_example(examples.BATCH)

    status: Literal["success", "partial", "error"] = Field(description="partial: some failed; error: all failed")
    results: list[Annotated[PageResult | FailedItem, Field(discriminator="status")]]
    processing_time_ms: float

    @classmethod
    def of(cls, outcomes: list[OCRPage | MLServerError], request_id: str, processing_time_ms: float) -> BatchBody:
        """The outcomes as JSON, in order."""
        failed = sum(isinstance(outcome, MLServerError) for outcome in outcomes)
        return cls(
            status="success" if failed == 0 else "error" if failed == len(outcomes) else "partial",
            results=[
                FailedItem.of(outcome, request_id) if isinstance(outcome, MLServerError) else PageResult.of(outcome)
                for outcome in outcomes
            ],
            processing_time_ms=processing_time_ms,
        )


class PredictBody(BaseModel):
    """The answer of `/predict`, the older shape."""

    model_config = with_example(examples.PREDICT)

    status: Literal["success"] = "success"
    text_boxes: list[TextBox]
    full_text: str
    language: str
    engine: str
    processing_time_ms: float
    warnings: list[str] = Field(description="as in `/extract_text`")

    @classmethod
    def of(cls, page: OCRPage) -> PredictBody:
        """A page as JSON, the older way."""
        return cls(
            text_boxes=[TextBox.of(line) for line in page.lines],
            full_text=page.text,
            language=page.language,
            engine=page.engine,
            processing_time_ms=page.processing_time_ms,
            warnings=list(page.warnings),
        )


def _fields(page: OCRPage) -> dict[str, Any]:
    return {
        "text": page.text,
        "overall_confidence": page.overall_confidence,
        "text_boxes": [TextBox.of(line) for line in page.lines],
        "language": page.language,
        "engine": page.engine,
        "model_version": page.model_version,
        "width": page.width,
        "height": page.height,
        "processing_time_ms": page.processing_time_ms,
        "blocks": [LayoutBlock.of(block) for block in page.blocks],
        "warnings": list(page.warnings),
    }
