"""The doctor works where no service runs, and loads none."""

from __future__ import annotations

import subprocess
import sys


def test_the_doctor_does_not_load_the_service() -> None:
    code = (
        "import sys, gxbridge.doctor.gather, gxbridge.doctor.examine, gxbridge.doctor.bundle\n"
        "print([name for name in sys.modules if name.startswith(('gxbridge.core.bridge', 'gxbridge.runtime'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
