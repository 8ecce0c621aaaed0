"""A command that ends at once still wakes whom it planned work for."""

import subprocess
import sys

SETTLE = "from dispatcher.wake import CeleryWake; CeleryWake('redis://127.0.0.1:9/0').settle()"


def test_what_a_short_command_wakes_is_sent_when_it_ends() -> None:
    """Celery is loaded when the interpreter is about to end."""
    done = subprocess.run([sys.executable, "-c", SETTLE], capture_output=True, text=True, timeout=120, check=True)
    assert "RuntimeError" not in done.stdout + done.stderr
