import os
import secrets
import socket
import subprocess
import sys

from course.labs import sandbox
from helpers.files import ROOT

import pytest

if not sandbox.is_available():
    pytest.skip(
        "bubblewrap is not installed (apt-get install bubblewrap)",
        allow_module_level=True,
    )


def run(code, *, writable=None):
    """Run Python code in the sandbox; return what it printed."""
    command = [*sandbox.isolation(writable=writable), sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


def test_the_installed_packages_and_helpers_are_there():
    assert "array" in run("import numpy, helpers.paths; print(repr(numpy.zeros(1)))")


def test_nothing_can_be_written_but_scratch_and_the_folder_given(tmp_path):
    for place in (ROOT / "helpers" / "x", "/usr/x", "/etc/x"):
        assert "Read-only file system" in run(f"open({str(place)!r}, 'w')")
    scratch = f"/tmp/{secrets.token_hex(8)}"
    assert run(f"open({scratch!r}, 'w').write('y')") == ""
    assert not os.path.exists(scratch)
    run(f"open({str(tmp_path / 'x')!r}, 'w').write('y')", writable=tmp_path)
    assert (tmp_path / "x").read_text("utf-8") == "y"


def test_solutions_and_gradebook_are_out_of_sight():
    seen = run(f"import os; print(sorted(os.listdir({str(ROOT)!r})))")
    assert "helpers" in seen
    assert "notebooks" not in seen and "build" not in seen and "tests" not in seen


def test_a_server_on_this_machine_cannot_be_reached():
    code = "import socket\nsocket.create_connection(('127.0.0.1', {}), 3).close()"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        exec(code.format(port))  # reachable from outside the sandbox
        assert "ConnectionRefusedError" in run(code.format(port))
    assert "gaierror" in run("import socket\nsocket.getaddrinfo('example.org', 80)")


def test_other_processes_cannot_be_seen():
    code = "import os; print([n for n in os.listdir('/proc') if n.isdigit()])"
    assert len(run(code).split(",")) <= 3
    assert str(os.getpid()) not in run(code)


def test_secrets_of_the_environment_stay_outside(monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "hush")
    monkeypatch.setenv("COURSE_SEED", "3")
    seen = run("import os; print(dict(os.environ))")
    assert "hush" not in seen and "'COURSE_SEED': '3'" in seen


def test_memory_is_limited():
    code = (
        "from helpers.sandbox import limit_resources\n"
        "limit_resources(memory_mib=300)\n"
        "bytearray(100 * 2**20)\nprint('small')\nbytearray(400 * 2**20)"
    )
    seen = run(code)
    assert "small" in seen and "MemoryError" in seen
