"""GPUs, told by a fake NVML: what is read, whose memory it is, when there is room, when there is an alarm."""

from __future__ import annotations

import sys

import pytest
from fake_nvml import GIB, Device, FakeNVML, NVMLError
from structlog.testing import capture_logs

from ml_server import gpu, metrics
from ml_server.gpu import GPUMonitor, VRAMManager, parse_devices


def metric(name: str, device: int | str) -> float | None:
    return metrics.REGISTRY.get_sample_value(f"ml_server_gpu_{name}", {"device": str(device)})


def manager(*devices: Device, budget: int = 0) -> VRAMManager:
    return VRAMManager(GPUMonitor(FakeNVML(*devices)), budget)


def test_the_monitor_reads_every_device() -> None:
    busy = Device("GPU-a", processes={7: 3 * GIB, 8: None}, foreign=GIB, busy=25)
    first, second = GPUMonitor(FakeNVML(busy, Device("old-driver", total=GIB, busy=None))).read()
    assert (first.label, first.name) == ("0", "Fake GPU")
    assert (first.total, first.used, first.free) == (10 * GIB, 4 * GIB, 6 * GIB)
    assert (first.utilisation, dict(first.processes)) == (0.25, {7: 3 * GIB, 8: 0})
    assert (second.label, second.name, second.utilisation, dict(second.processes)) == ("1", "Fake GPU", None, {})


def test_devices_are_chosen_by_number_or_uuid() -> None:
    nvml = FakeNVML(Device("GPU-a"), Device("GPU-b"), Device("GPU-c"))
    chosen = GPUMonitor(nvml, ["2", "GPU-a"])
    assert (chosen.names, chosen.labels) == (("2", "GPU-a"), ("2", "0"))
    twice = GPUMonitor(nvml, ["GPU-c", "2", "1"])
    assert (twice.names, twice.labels) == (("GPU-c", "1"), ("2", "1"))
    assert GPUMonitor(nvml).names == ("0", "1", "2")
    with pytest.raises(NVMLError):
        GPUMonitor(nvml, ["3"])


def test_a_lost_device_hides_no_other() -> None:
    monitor = GPUMonitor(FakeNVML(Device("GPU-a", lost=True), Device("GPU-b")))
    assert [device.label for device in monitor.read()] == ["1"]


def cut() -> tuple[Device, Device]:
    """Two GPUs of two parts each, the second of which has the larger one at a place of its own."""
    parts = [Device(f"MIG-{name}", total=GIB * (5 + place), busy=None) for place, name in enumerate("abcd")]
    first = Device("GPU-a", parts={0: parts[0], 1: parts[1]}, busy=None)
    return first, Device("GPU-b", parts={0: parts[2], 3: parts[3]}, busy=None)


def test_parts_of_different_gpus_are_different_devices() -> None:
    monitor = GPUMonitor(FakeNVML(*cut()), ["MIG-b", "MIG-c", "MIG-a"])
    assert monitor.names == ("MIG-b", "MIG-c", "MIG-a")
    assert monitor.labels == ("0:1", "1:0", "0:0")
    assert [(device.label, device.total // GIB) for device in monitor.read()] == [("0:1", 6), ("1:0", 7), ("0:0", 5)]


@pytest.mark.parametrize(
    ("wanted", "names", "labels"),
    [
        (None, ("MIG-a", "MIG-b", "MIG-c", "MIG-d", "2"), ("0:0", "0:1", "1:0", "1:3", "2")),
        (["1", "GPU-c"], ("MIG-c", "MIG-d", "GPU-c"), ("1:0", "1:3", "2")),
        (["MIG-d", "GPU-b"], ("MIG-d", "MIG-c"), ("1:3", "1:0")),
    ],
)
def test_of_a_gpu_that_is_cut_up_each_part_is_a_device(
    wanted: list[str] | None, names: tuple[str, ...], labels: tuple[str, ...]
) -> None:
    monitor = GPUMonitor(FakeNVML(*cut(), Device("GPU-c", cuttable=False)), wanted)
    assert (monitor.names, monitor.labels) == (names, labels)


def test_a_gpu_in_mig_mode_without_parts_is_a_device() -> None:
    assert GPUMonitor(FakeNVML(Device("GPU-a", parts={}))).names == ("0",)


def test_each_part_has_its_own_engines_and_room() -> None:
    first, second = cut()
    assert first.parts is not None
    assert second.parts is not None
    first.parts[0].processes, second.parts[0].processes = {1: 3 * GIB}, {2: 6 * GIB}
    vram = manager(first, second)
    use = vram.look({"paddle": [1], "easyocr": [2]})
    assert use["0:0"] == {"paddle": 3 * GIB, "easyocr": 0}
    assert use["1:0"] == {"paddle": 0, "easyocr": 6 * GIB}
    assert vram.room_for(2 * GIB, "0:0")
    assert not vram.room_for(2 * GIB, "1:0")
    assert metric("memory_used_bytes", "1:0") == 6 * GIB


def test_each_engine_is_charged_with_its_processes() -> None:
    vram = manager(Device("a", processes={1: GIB, 2: 2 * GIB, 99: 4 * GIB}), Device("b", processes={3: 5 * GIB}))
    assert vram.look({"paddle": [1, 3], "easyocr": [2], "mock": []}) == {
        "0": {"paddle": GIB, "easyocr": 2 * GIB},
        "1": {"paddle": 5 * GIB, "easyocr": 0},
    }
    assert metric("memory_used_bytes", 0) == 7 * GIB
    assert metric("memory_total_bytes", 1) == 10 * GIB
    assert metric("utilisation", 0) == 0.5


def test_where_nvml_names_no_process_engines_share_what_is_used() -> None:
    vram = manager(Device("a", foreign=6 * GIB))
    assert vram.look({"paddle": [1, 2], "easyocr": [3]}) == {"0": {"paddle": 4 * GIB, "easyocr": 2 * GIB}}
    assert vram.look({"paddle": []}) == {"0": {}}


def test_room_is_what_the_budget_and_the_device_leave() -> None:
    vram = manager(Device("a", processes={1: 2 * GIB}), Device("b", foreign=9 * GIB), budget=4 * GIB)
    vram.look({"paddle": [1]})
    assert vram.room_for(2 * GIB, "0")
    assert not vram.room_for(2 * GIB + 1, "0")
    assert vram.room_for(GIB, "1")
    assert not vram.room_for(GIB + 1, "1")
    assert not vram.room_for(1, "7")


def test_an_alarm_is_told_once_and_ends_well_below_its_threshold() -> None:
    device = Device("a", total=100)
    vram = manager(device)
    told = []
    with capture_logs() as logged:
        for device.foreign in (89, 90, 95, 86, 84, 91):
            vram.look({})
            told.append(metric("memory_alarm", 0))
    assert told == [0, 1, 1, 1, 0, 1]
    assert [line["event"] for line in logged] == ["gpu_memory_alarm"] * 2


def test_a_budget_nearly_used_up_is_alarming_on_an_empty_device() -> None:
    vram = manager(Device("a", processes={1: GIB}), budget=GIB)
    vram.look({"paddle": [1]})
    assert metric("memory_alarm", 0) == 1


@pytest.mark.parametrize(
    ("setting", "visible", "expected"),
    [
        ("", None, None),
        ("0,1", None, ("0", "1")),
        (" 1 , GPU-a,1", "0", ("1", "GPU-a")),
        ("", "2,3", ("2", "3")),
        ("", "0,-1,1", ("0",)),
        ("", "", ()),
    ],
)
def test_which_devices(setting: str, visible: str | None, expected: tuple[str, ...] | None) -> None:
    assert parse_devices(setting, visible) == expected


def test_devices_come_from_nvml_where_none_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNVML(Device("a"), Device("b")))
    names, vram = gpu.open_devices("", None, 5, 0.9)
    assert names == ("0", "1")
    assert vram is not None
    assert vram.budget == 5
    vram.look({})
    assert metrics.REGISTRY.get_sample_value("ml_server_gpu_unwatched") == 0


def test_a_device_that_no_longer_answers_is_unwatched() -> None:
    lost = Device("a")
    vram = manager(lost, Device("b"))
    for lost.lost in (False, True, False):
        vram.look({})
        assert metrics.REGISTRY.get_sample_value("ml_server_gpu_unwatched") == lost.lost


@pytest.mark.parametrize(
    ("module", "visible", "reason"),
    [
        (None, None, "nvidia-ml-py is not installed"),
        (FakeNVML(driver=False), None, "Driver Not Loaded"),
        (FakeNVML(Device("a")), "", "hides every GPU"),
    ],
)
def test_without_nvml_a_warning_says_what_is_missing(
    module: FakeNVML | None, visible: str | None, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", module)
    with capture_logs() as logged:
        assert gpu.open_devices("", visible, 0, 0.9) == ((), None)
    assert [line["log_level"] for line in logged] == ["warning"]
    assert reason in logged[0]["reason"]
    assert metrics.REGISTRY.get_sample_value("ml_server_gpu_unwatched") == 1
