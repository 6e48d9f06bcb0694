"""``ml-server label-studio …`` as tests with a real Label Studio start it, and projects for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from pages import png
from real_label_studio import LabelStudio

CONFIG = """<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">
<Label value="QUESTION"/><Label value="ANSWER"/></RectangleLabels>
<TextArea name="text" toName="image" perRegion="true"/></View>"""
MOCK = {"ML_SERVER_ENGINE": "mock", "ML_SERVER_KEY_VALUE_EXTRACTOR": "mock"}


class Command:
    """``ml-server label-studio …`` with the mock engine and a state folder of its own.

    Attributes:
        studio: that it speaks to.
        token: that it shows; the user's personal access token.
        url: where it looks for the Label Studio.
        environment: further variables.
    """

    def __init__(self, studio: LabelStudio, home: Path, delay_s: float = 0.0) -> None:
        self.studio = studio
        self.token = studio.personal_token
        self.url = studio.url
        self.environment: dict[str, str] = {}
        self._home = home
        self._delay_s = delay_s

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it, and do not wait."""
        variables = {"LABEL_STUDIO_URL": self.url, "LABEL_STUDIO_API_KEY": self.token, **MOCK}
        variables |= {"XDG_STATE_HOME": str(self._home / "state"), "ML_SERVER_MOCK_DELAY_S": str(self._delay_s)}
        variables |= self.environment
        command = [str(Path(sys.executable).with_name("ml-server")), "label-studio", *arguments]
        return subprocess.Popen(
            command, env=os.environ | variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, output and complaints."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=240)
        return process.returncode, out, err


def project_of(studio: LabelStudio, folder: Path, count: int) -> tuple[int, list[int]]:
    """A project with so many white pages."""
    project = studio.project(folder.name, CONFIG)
    pages = []
    for number in range(count):
        pages.append(folder / f"page{number}.png")
        pages[-1].write_bytes(png(60 + number, 40))
    return project, studio.upload(project, pages)


def versions(studio: LabelStudio, project: int) -> Counter[tuple[int, str]]:
    """How many predictions of each version each task has."""
    return Counter(
        (task["id"], each["model_version"]) for task in studio.tasks(project) for each in task["predictions"]
    )
