"""The control groups that a process is in: what a container, or a service of systemd, may have of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def folders(controller: str, root: Path = Path("/")) -> Iterator[tuple[Path, bool]]:
    """Folders of the groups that this process is in and of those around them, the innermost first.

    Args:
        controller: ``cpu`` or ``memory``.
        root: of the file system.

    Yields:
        A folder, which need not be there, and whether it is of version 2, whose files have other names.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    mounts = root / "sys/fs/cgroup"
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if not controllers:
            yield from ((folder, True) for folder in _upwards(mounts, group))
        elif controller in controllers.split(","):
            yield from ((folder, False) for folder in _upwards(mounts / controllers, group))


def words(file: Path) -> list[str]:
    """What a file of a group says; nothing where it is not there."""
    try:
        return file.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError):
        return []


def _upwards(mount: Path, group: str) -> Iterator[Path]:
    # Inside a container the group's name may be the host's, of which only the end of the way is there: the mount.
    parts = [part for part in PurePosixPath(group).parts if part not in ("/", "..")]
    for depth in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:depth])
