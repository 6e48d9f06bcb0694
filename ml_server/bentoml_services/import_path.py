"""Where the server looks for packages: not in the folder it is started in, where another ``ml_server`` may lie.

BentoML has Python look there first, for services that are being written. ``ml-server serve`` asks Python not to, by
PYTHONSAFEPATH, imports the service before BentoML comes to it, and then undoes what that did. Plain ``bentoml serve``
does as BentoML does.
"""

from __future__ import annotations

import os
import sys


def leave_out_here() -> None:
    """Take the current folder from the front of the path, unless Python may look there or is told to by PYTHONPATH."""
    here = os.getcwd()
    told = [os.path.abspath(each) for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each]
    while sys.flags.safe_path and sys.path and here not in told and os.path.abspath(sys.path[0]) == here:
        del sys.path[0]
