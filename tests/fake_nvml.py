"""A module like ``pynvml``, with devices that tests fill."""

from __future__ import annotations

from ctypes import c_uint
from dataclasses import dataclass, field
from types import SimpleNamespace

GIB = 2**30


class NVMLError(Exception):
    """As pynvml's."""


@dataclass
class Device:
    """Attributes: UUID; bytes of memory; bytes by process id; percent busy (None: it does not say); whether it is lost.

    ``foreign`` are bytes in use by processes NVML does not name. ``parts`` are what a GPU in MIG mode is cut into, by
    place, some of which are empty; None for a GPU in one piece, which ``cuttable`` says whether it could be cut.
    """

    uuid: str
    total: int = 10 * GIB
    processes: dict[int, int | None] = field(default_factory=dict)
    foreign: int = 0
    busy: int | None = 50
    lost: bool = False
    parts: dict[int, Device] | None = None
    cuttable: bool = True

    @property
    def used(self) -> int:
        return self.foreign + sum(size or 0 for size in self.processes.values())


class FakeNVML:
    """The functions that are used of pynvml."""

    NVMLError = NVMLError

    def __init__(self, *devices: Device, driver: bool = True) -> None:
        self.devices = devices
        self.driver = driver

    def nvmlInit(self) -> None:  # noqa: N802  # NVML's own names, here and below
        if not self.driver:
            raise NVMLError("Driver Not Loaded")

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.devices)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Device:  # noqa: N802
        if index >= len(self.devices):
            raise NVMLError("Invalid Argument")
        return self.devices[index]

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> Device:  # noqa: N802
        for gpu in self.devices:
            for device in (gpu, *(gpu.parts or {}).values()):
                if device.uuid == uuid:
                    return device
        raise NVMLError("Not Found")

    def nvmlDeviceGetIndex(self, device: Device) -> int:  # noqa: N802
        if device in self.devices:
            return self.devices.index(device)
        parts = self.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(device).parts or {}
        return next(place for place, part in parts.items() if part is device)

    def nvmlDeviceGetUUID(self, device: Device) -> str:  # noqa: N802
        return device.uuid

    def nvmlDeviceGetMigMode(self, device: Device) -> list[int]:  # noqa: N802
        if device not in self.devices or not device.cuttable:
            raise NVMLError("Not Supported")
        return [int(device.parts is not None)] * 2

    def nvmlDeviceGetMaxMigDeviceCount(self, device: Device) -> int:  # noqa: N802
        return 7

    def nvmlDeviceGetMigDeviceHandleByIndex(self, device: Device, index: int) -> Device:  # noqa: N802
        if index not in (device.parts or {}):
            raise NVMLError("Not Found")
        return (device.parts or {})[index]

    def nvmlDeviceIsMigDeviceHandle(self, device: Device) -> c_uint:  # noqa: N802
        if device in self.devices and not device.cuttable:
            raise NVMLError("Not Supported")
        return c_uint(device not in self.devices)

    def nvmlDeviceGetDeviceHandleFromMigDeviceHandle(self, device: Device) -> Device:  # noqa: N802
        for gpu in self.devices:
            if any(part is device for part in (gpu.parts or {}).values()):
                return gpu
        raise NVMLError("Invalid Argument")

    def nvmlDeviceGetName(self, device: Device) -> bytes | str:  # noqa: N802
        return b"Fake GPU" if device.uuid == "old-driver" else "Fake GPU"

    def nvmlDeviceGetMemoryInfo(self, device: Device) -> SimpleNamespace:  # noqa: N802
        if device.lost:
            raise NVMLError("GPU is lost")
        return SimpleNamespace(total=device.total, used=device.used, free=device.total - device.used)

    def nvmlDeviceGetUtilizationRates(self, device: Device) -> SimpleNamespace:  # noqa: N802
        if device.busy is None:
            raise NVMLError("Not Supported")
        return SimpleNamespace(gpu=device.busy, memory=0)

    def nvmlDeviceGetComputeRunningProcesses(self, device: Device) -> list[SimpleNamespace]:  # noqa: N802
        return [SimpleNamespace(pid=pid, usedGpuMemory=size) for pid, size in device.processes.items()]
