"""A root with files of control groups in it, as the kernel shows them."""

from __future__ import annotations

from pathlib import Path


def groups(root: Path, own: str, files: dict[str, str]) -> Path:
    """Write ``files`` below ``root``, and ``own`` as what /proc says of this process's group; gives the root."""
    for name, text in {"proc/self/cgroup": own, **files}.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root
