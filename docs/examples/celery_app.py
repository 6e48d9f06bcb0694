"""Reading pages in Celery tasks; docs/celery.md explains it.

Start a worker with ``celery --app celery_app worker`` in this folder and send work with
``read_page.delay("/files/page.png")``. ``CELERY_BROKER_URL`` and ``CELERY_RESULT_BACKEND`` name a real broker; without
them everything stays in this process's memory, as the tests use it. ``OCR_SERVER`` is the address of the server.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, Task
from celery.signals import worker_process_init, worker_process_shutdown, worker_shutdown

from ml_server.clients import OCRClient
from ml_server.errors import DeadlineExceeded, NotReady, ServerBusy

app = Celery("ocr", broker="memory://", backend="cache+memory://")
app.conf.task_acks_late = True  # a page whose worker dies is read by another; reading it twice harms nobody

_client: OCRClient | None = None


@worker_process_init.connect  # type: ignore[untyped-decorator]  # Celery has no types
def open_client(**_: object) -> None:
    """Open this worker process's client: after the fork, because connections and gRPC's threads do not survive one."""
    global _client
    address = os.environ.get("OCR_SERVER", "http://localhost:3000")
    _client = OCRClient(address, timeout_s=120, api_key=os.environ.get("OCR_API_KEY"))


@worker_process_shutdown.connect  # type: ignore[untyped-decorator]
@worker_shutdown.connect  # type: ignore[untyped-decorator]  # for the pool without processes of its own: solo
def close_client(**_: object) -> None:
    """Close it."""
    global _client
    if _client is not None:
        _client.close()
        _client = None


@app.task(bind=True, max_retries=20)  # type: ignore[untyped-decorator]
def read_page(self: Task, path: str, language: str | None = None) -> dict[str, Any]:
    """Read one page.

    Args:
        self: the task.
        path: of an image or a PDF of one page, as the worker sees it.
        language: as people write it; None for the server's own.

    Returns:
        ``text``, ``confidence`` (0..1) and ``engine``; all of it JSON.

    Raises:
        MLServerError: the server refused the page, for good.
    """
    assert _client is not None, "the worker has not sent worker_process_init"
    try:
        # The task's id is the request's id, so that the server's log can be searched for it.
        page = _client.extract_text(path, language=language, request_id=self.request.id)
    except (ServerBusy, NotReady, DeadlineExceeded) as error:
        # The client has tried for a while already; let the worker do something else until the server is back.
        raise self.retry(exc=error, countdown=error.retry_after_s or 10) from error
    return {"text": page.text, "confidence": page.overall_confidence, "engine": page.engine}
