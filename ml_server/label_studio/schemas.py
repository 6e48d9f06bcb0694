"""What Label Studio 1.x sends to an ML backend, as far as it matters here."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from ml_server.errors import InvalidRequest

Body = TypeVar("Body", bound=BaseModel)


class SetupBody(BaseModel):
    """``POST /setup``: is this config one for you, and which version are you? ``access_token`` is not looked at."""

    model_config = ConfigDict(extra="ignore")

    label_config: str = Field(alias="schema")


class PredictBody(BaseModel):
    """``POST /predict``."""

    model_config = ConfigDict(extra="ignore")

    tasks: list[dict[str, Any]]
    label_config: str


class EventBody(BaseModel):
    """``POST /webhook`` and ``POST /train``; a project is an object, its id, or ``id.time`` of its making."""

    model_config = ConfigDict(extra="ignore")

    action: str = ""
    project: dict[str, Any] | str | int | None = None
    annotation: dict[str, Any] | list[dict[str, Any]] | None = None
    task: dict[str, Any] | list[dict[str, Any]] | None = None

    @property
    def project_id(self) -> int:
        """The project.

        Raises:
            InvalidRequest: there is none.
        """
        given = self.project.get("id") if isinstance(self.project, dict) else self.project
        if given is None and isinstance(self.task, dict):
            given = self.task.get("project")
        found = re.match(r"\d+", str(given))
        if found is None:
            raise InvalidRequest("the request names no project; is the webhook's 'Send payload' on?", field="project")
        return int(found[0])

    @property
    def annotations(self) -> list[int]:
        """Ids of the annotations it is about; cancelled ones are none."""
        given = self.annotation if isinstance(self.annotation, list) else [self.annotation or {}]
        return [each["id"] for each in given if isinstance(each.get("id"), int) and not each.get("was_cancelled")]


class JobBody(BaseModel):
    """``POST /job_status``."""

    model_config = ConfigDict(extra="ignore")

    job: str | int


async def read_body(request: Request, kind: type[Body]) -> Body:
    """A request's JSON, checked.

    Raises:
        InvalidRequest: not JSON, or not of this shape; the message names the fields.
    """
    try:
        return kind.model_validate_json(await request.body())
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}" for each in error.errors())
        raise InvalidRequest(f"not what Label Studio sends: {problems[:500]}") from error
