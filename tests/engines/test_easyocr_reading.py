"""EasyOCR's lines side by side, and its networks in the form that a CPU likes: as one by one, and as they were."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
import torch

from ml_server.engines.easyocr_lines import Boxes
from ml_server.engines.easyocr_networks import FastConvolutions
from ml_server.engines.easyocr_reading import OneByOne, SideBySide

GREY = np.zeros((20, 100), np.uint8)
BOXES = Boxes(
    tuple((x, x + 10, 0, 20) for x in range(0, 80, 10)), (((80.0, 0.0), (99.0, 1.0), (99.0, 19.0), (80.0, 20.0)),)
)


class Reader:
    """Answers as EasyOCR's: the boxes as quads, where they are as text. Two calls at a time are waited for."""

    def __init__(self, together: int) -> None:
        self.threads: set[int] = set()
        self._met = threading.Barrier(together, timeout=20)
        self.openmp: set[int] = set()

    def recognize(self, grey: Any, upright: list[list[int]], slanted: list[Any]) -> list[Any]:
        assert grey is GREY
        if len(upright) + len(slanted) == 1 and upright:
            self._met.wait()
        self.threads.add(threading.get_ident())
        self.openmp.add(torch.get_num_threads())
        quads = [[(left, top), (right, top), (right, bottom), (left, bottom)] for left, right, top, bottom in upright]
        return [(quad, f"at {quad[0][0]:g}", 0.5) for quad in [*quads, *slanted]]


def test_lines_are_read_at_the_same_time_on_a_thread_each_and_come_in_order() -> None:
    before = torch.get_num_threads()
    reader = Reader(together=2)
    found = SideBySide(2)(reader, GREY, BOXES)
    assert [line.text for line in found] == [f"at {x}" for x in range(0, 90, 10)]
    assert found == OneByOne()(Reader(together=1), GREY, BOXES)
    assert len(reader.threads) == 2
    assert threading.get_ident() not in reader.threads
    assert reader.openmp == {1}
    assert torch.get_num_threads() == before, "detection has its threads still"


def test_an_error_of_a_line_is_the_pages() -> None:
    class Broken:
        def recognize(self, *_: Any) -> Any:
            raise RuntimeError("no line")

    with pytest.raises(RuntimeError, match="no line"):
        SideBySide(2)(Broken(), GREY, BOXES)


@pytest.mark.parametrize(("dtype", "close"), [(None, 1e-5), (torch.bfloat16, 0.05)])
def test_a_network_gives_what_it_gave_in_single_precision(dtype: torch.dtype | None, close: float) -> None:
    class Pair(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = torch.nn.Conv2d(3, 8, 3, padding=1)

        def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            found = self.inner(images)
            return found, found.relu()

    torch.manual_seed(1)
    network, images = Pair(), torch.rand(1, 3, 16, 24)
    with torch.no_grad():
        wanted = network(images)
    got = FastConvolutions(network, dtype)(images)
    assert isinstance(got, tuple)
    for one, other in zip(got, wanted, strict=True):
        assert one.dtype == torch.float32
        assert not one.requires_grad
        assert torch.allclose(one, other, atol=close)
    single = FastConvolutions(torch.nn.Conv2d(3, 1, 1), dtype)(images)
    assert (single.shape, single.dtype) == ((1, 1, 16, 24), torch.float32)
