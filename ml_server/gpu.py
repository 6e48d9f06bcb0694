"""GPUs: which there are, what is on them (NVML), and how much of their memory the engines may have."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ml_server import logs, metrics

_CALM = 0.05
"""An alarm ends this far below its threshold, so that it does not flicker."""


@dataclass(frozen=True, slots=True)
class GPU:
    """One device, as it is now.

    Attributes:
        label: as nvidia-smi counts, from 0: ``1``; ``1:0`` is the first part (MIG) of that GPU.
        name: of the product.
        total: bytes of memory.
        used: bytes in use, by anybody.
        free: bytes.
        utilisation: share of time it was busy lately, 0..1; None where it does not tell.
        processes: bytes by process id. Inside a container it is often empty.
    """

    label: str
    name: str
    total: int
    used: int
    free: int
    utilisation: float | None = None
    processes: Mapping[int, int] = field(default_factory=dict)


class GPUMonitor:
    """Reads devices through NVML.

    A process sees one part at most of a GPU that is cut into parts (MIG). So they count as devices, each for itself,
    also where it is the whole GPU that is named.

    Args:
        nvml: the module ``pynvml``, initialised, or one with the same functions.
        wanted: numbers or UUIDs of the devices; None for all.

    Attributes:
        names: of the devices, as ``CUDA_VISIBLE_DEVICES`` takes them; none twice.
        labels: of the devices, in the same order; see :class:`GPU`.

    Raises:
        nvml.NVMLError: there is no driver, or no such device.
    """

    def __init__(self, nvml: Any, wanted: Sequence[str] | None = None) -> None:
        self._nvml = nvml
        named = tuple(str(i) for i in range(nvml.nvmlDeviceGetCount())) if wanted is None else tuple(wanted)
        found: dict[str, tuple[str, Any]] = {}
        for each in named:
            by_number = each.isdigit()
            whole = nvml.nvmlDeviceGetHandleByIndex(int(each)) if by_number else nvml.nvmlDeviceGetHandleByUUID(each)
            for name, handle in self._parts(whole) or [(each, whole)]:
                found.setdefault(self._label(handle), (name, handle))
        self.names = tuple(name for name, _ in found.values())
        self.labels = tuple(found)
        self._handles = {label: handle for label, (_, handle) in found.items()}

    def _parts(self, handle: Any) -> list[tuple[str, Any]]:
        """UUID and handle of each part of a GPU in MIG mode that is to be seen here; none of any other."""
        nvml = self._nvml
        try:
            if not nvml.nvmlDeviceGetMigMode(handle)[0]:
                return []
        except nvml.NVMLError:  # it cannot be cut up, or is a part itself
            return []
        parts = []
        for place in range(nvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
            with contextlib.suppress(nvml.NVMLError):  # no part has this place
                part = nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, place)
                parts.append((_text(nvml.nvmlDeviceGetUUID(part)), part))
        return parts

    def _label(self, handle: Any) -> str:
        nvml = self._nvml
        number = str(nvml.nvmlDeviceGetIndex(handle))
        try:
            if not nvml.nvmlDeviceIsMigDeviceHandle(handle):
                return number
        except nvml.NVMLError:  # neither the driver nor the GPU knows of parts
            return number
        whole = nvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(handle)
        return f"{nvml.nvmlDeviceGetIndex(whole)}:{number}"  # parts are numbered within their GPU

    def read(self) -> list[GPU]:
        """Every device that answers."""
        found = []
        for label, handle in self._handles.items():
            try:
                found.append(self._read(label, handle))
            except self._nvml.NVMLError as error:
                logs.get_logger("ml_server.gpu").warning("gpu_does_not_answer", device=label, error=str(error))
        return found

    def _read(self, label: str, handle: Any) -> GPU:
        nvml = self._nvml
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
        try:
            utilisation = nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100
        except nvml.NVMLError:  # parts of a device (MIG) do not tell
            utilisation = None
        processes: dict[int, int] = {}
        for process in nvml.nvmlDeviceGetComputeRunningProcesses(handle):
            processes[process.pid] = processes.get(process.pid, 0) + (process.usedGpuMemory or 0)
        return GPU(
            label=label,
            name=_text(nvml.nvmlDeviceGetName(handle)),
            total=memory.total,
            used=memory.used,
            free=memory.free,
            utilisation=utilisation,
            processes=processes,
        )


def _text(given: bytes | str) -> str:
    """As old versions of the binding write it, or new ones."""
    return given.decode() if isinstance(given, bytes) else given


class VRAMManager:
    """The engines' share of the GPUs' memory: how much each holds, whether there is room, and when to be alarmed.

    Args:
        monitor: of the devices.
        budget: bytes the engines may hold on one device; 0 for no limit.
        alarm: share of a device's memory, or of the budget, from which on it is alarming, 0..1.
    """

    def __init__(self, monitor: GPUMonitor, budget: int = 0, alarm: float = 0.9) -> None:
        self.monitor = monitor
        self.budget = budget
        self._alarm = alarm
        self._alarmed: set[str] = set()
        self._free: dict[str, int] = {}
        self._use: dict[str, dict[str, int]] = {}
        self._log = logs.get_logger("ml_server.gpu")

    def look(self, engines: Mapping[str, Sequence[int]]) -> dict[str, dict[str, int]]:
        """Read the devices, set the metrics, raise or end alarms.

        Where NVML names none of the processes, as in most containers, what is in use on a device is taken to be the
        engines', each having as much of it as it has of the processes.

        Args:
            engines: process ids by engine.

        Returns:
            Bytes held by engine, by a device's label.
        """
        devices = self.monitor.read()
        metrics.GPU_UNWATCHED.set(len(devices) < len(self.monitor.labels))
        named = any(pid in device.processes for device in devices for pids in engines.values() for pid in pids)
        processes = sum(len(pids) for pids in engines.values())
        self._use, self._free = {}, {}
        for device in devices:
            self._free[device.label] = device.free
            self._use[device.label] = {
                engine: sum(device.processes.get(pid, 0) for pid in pids)
                if named
                else device.used * len(pids) // processes
                for engine, pids in engines.items()
                if pids
            }
            self._tell(device)
        return {label: dict(use) for label, use in self._use.items()}

    def freed(self, engine: str) -> None:
        """An engine has been unloaded since the last look: what it held is free."""
        for label, use in self._use.items():
            self._free[label] += use.pop(engine, 0)

    def room_for(self, size: int, label: str) -> bool:
        """Whether ``size`` more bytes fit a device and the budget, going by the last look and what was freed since.

        Args:
            size: bytes.
            label: of a device; one that did not answer has no room.
        """
        held = sum(self._use.get(label, {}).values())
        return size <= self._free.get(label, 0) and (not self.budget or held + size <= self.budget)

    def _tell(self, device: GPU) -> None:
        label = device.label
        metrics.GPU_MEMORY_USED_BYTES.labels(label).set(device.used)
        metrics.GPU_MEMORY_TOTAL_BYTES.labels(label).set(device.total)
        if device.utilisation is not None:
            metrics.GPU_UTILISATION.labels(label).set(device.utilisation)
        share = device.used / device.total if device.total else 0.0
        if self.budget:
            share = max(share, sum(self._use[device.label].values()) / self.budget)
        if share >= self._alarm and device.label not in self._alarmed:
            self._alarmed.add(device.label)
            self._log.warning("gpu_memory_alarm", device=device.label, used=device.used, total=device.total)
        elif share < self._alarm - _CALM:
            self._alarmed.discard(device.label)
        metrics.GPU_MEMORY_ALARM.labels(label).set(device.label in self._alarmed)


def parse_devices(setting: str, visible: str | None) -> tuple[str, ...] | None:
    """The devices to use, as numbers or UUIDs of GPUs, or UUIDs of their parts; None for all there are.

    Args:
        setting: separated by commas; decides, if not empty.
        visible: ``CUDA_VISIBLE_DEVICES`` of this process; as CUDA does, what follows a -1 is left out.
    """
    listed = setting.strip() or visible
    if listed is None:
        return None
    names = [name.strip() for name in listed.split(",")]
    if "-1" in names:
        names = names[: names.index("-1")]
    return tuple(dict.fromkeys(name for name in names if name))


def open_monitor(wanted: tuple[str, ...] | None) -> GPUMonitor | None:
    """A monitor of devices; None, said in the log and the metrics, where NVML, a driver or a device is missing.

    Args:
        wanted: see :func:`parse_devices`.
    """
    log = logs.get_logger("ml_server.gpu")
    metrics.GPU_UNWATCHED.set(1)
    if wanted == ():
        log.warning("gpu_not_watched", reason="CUDA_VISIBLE_DEVICES hides every GPU")
        return None
    try:
        import pynvml
    except ImportError:
        log.warning("gpu_not_watched", reason="nvidia-ml-py is not installed; pip install 'ml_server[gpu]'")
        return None
    try:
        pynvml.nvmlInit()
        monitor = GPUMonitor(pynvml, wanted)
    except pynvml.NVMLError as error:
        log.warning("gpu_not_watched", reason=f"NVML: {error}", devices=",".join(wanted or ("all",)))
        return None
    metrics.GPU_UNWATCHED.set(0)
    return monitor


def open_devices(
    setting: str, visible: str | None, budget: int, alarm: float
) -> tuple[tuple[str, ...], VRAMManager | None]:
    """The devices to spread replicas over, as ``CUDA_VISIBLE_DEVICES`` takes them, and what watches their memory.

    Without NVML they are those that are named, if any: an engine then sees what this process sees.

    Args:
        setting: see :func:`parse_devices`.
        visible: see :func:`parse_devices`.
        budget: see :class:`VRAMManager`.
        alarm: see :class:`VRAMManager`.
    """
    wanted = parse_devices(setting, visible)
    monitor = open_monitor(wanted)
    if monitor is None:
        return wanted or (), None
    return monitor.names, VRAMManager(monitor, budget, alarm)


def device_environment(name: str) -> dict[str, str]:
    """Variables that show a process one device only, with CUDA counting as NVML and nvidia-smi do."""
    return {"CUDA_VISIBLE_DEVICES": name, "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
