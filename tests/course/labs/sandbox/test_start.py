"""Attacks on the sandbox that really run, started by root and by a plain user."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

from course.labs.sandbox import bounds, start
from helpers.files import ROOT

import hosts
import pytest

if bounds.missing_bounds():
    pytest.skip(
        f"no sandbox here: no bound on {', '.join(bounds.missing_bounds())}",
        allow_module_level=True,
    )
MIB = 2**20
TRY = """\
def attempt(action):
    try:
        return action()
    except Exception as error:
        return type(error).__name__
"""
FILL = """\
import os, time
def fill(folder, most):
    "Return how many MiB could be written."
    written, chunk = 0, bytes(2**18)
    try:
        while written < most:
            with open(f"{folder}/{written}", "wb", buffering=0) as file:
                for _ in range(256):
                    written += file.write(chunk)
    except OSError as error:
        assert error.errno in (27, 28), error
    return written / 2**20
"""


@pytest.fixture(params=["whoever runs the tests", "a plain user"])
def started_by(request, tmp_path):
    """Return what turns a command into one of that user's."""
    if request.param == "whoever runs the tests":
        return lambda command, folder=None: command
    if os.geteuid() != 0:
        pytest.skip("only root can become another user; a plain user runs the tests")
    return lambda command, folder=tmp_path: hosts.as_plain_user(command, folder=folder)


@pytest.fixture
def run(started_by, tmp_path):
    """Return a function that runs Python code in the sandbox and returns what it says.

    `FOLDER` in the code stands for the folder of the run, `run.folder` afterwards.
    """

    def run(code, *, memory_mib=512):
        folder = pathlib.Path(tempfile.mkdtemp(dir=tmp_path))
        program = (sys.executable, "-c", TRY + code.replace("FOLDER", str(folder)))
        command = start.command(*program, folder=folder, memory_mib=memory_mib)
        done = subprocess.run(
            started_by(command, folder),
            **dict(cwd=ROOT, capture_output=True, text=True, timeout=60),
        )
        run.folder = folder
        return done.stdout.strip() or done.stderr.strip()

    return run


def test_all_bounds_hold(started_by):
    code = "from course.labs.sandbox import bounds; print(bounds.missing_bounds())"
    command = started_by([sys.executable, "-c", code])
    assert subprocess.check_output(command, cwd=ROOT, text=True) == "()\n"


def test_the_installed_packages_and_helpers_are_there(run):
    assert "array" in run("import numpy, helpers.files; print(repr(numpy.zeros(1)))")


def test_a_read_only_folder_cannot_be_made_writable(run):
    folder = ROOT / "helpers"
    code = f"""
import ctypes
MS_REMOUNT, MS_BIND, place = 32, 4096, {str(folder)!r}
libc = ctypes.CDLL(None)
print(libc.mount(None, place.encode(), None, MS_REMOUNT | MS_BIND, None))
print(libc.umount2(place.encode(), 2), libc.setuid(0))
print(attempt(lambda: open(place + "/x", "w")))
"""
    assert run(code).split() == ["-1", "-1", "-1", "OSError"]
    assert not (folder / "x").exists()


def test_it_has_no_capabilities_and_is_not_root_outside(started_by, tmp_path):
    code = """
print(sorted({l.split()[1] for l in open("/proc/self/status") if l[:3] == "Cap"}))
import sys, time
sys.stdout.flush(); time.sleep(30)
"""
    command = start.command(
        *(sys.executable, "-c", code), folder=tmp_path, memory_mib=512
    )
    with subprocess.Popen(
        started_by(command), cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "['0000000000000000']\n"
        place = os.readlink(tmp_path / "sockets")  # /proc/ID/root/…
        owner = pathlib.Path(place.split("/root/")[0]).stat().st_uid
        process.kill()
    assert owner != 0


def test_no_namespace_can_be_made(run):
    code = """
import ctypes, os, subprocess
libc = ctypes.CDLL(None, use_errno=True)
print(libc.unshare(0x10000000), libc.unshare(0x20000), libc.setns(0, 0))
CLONE, SIGCHLD = {"x86_64": 56, "aarch64": 220}[os.uname().machine], 17
print(libc.syscall(CLONE, 0x10000000 | SIGCHLD, 0, 0, 0, 0), ctypes.get_errno())
"""
    assert run(code).split() == ["-1", "-1", "-1", "-1", "1"]


def test_secrets_of_the_system_are_out_of_sight(run):
    seen = json.loads(run("import json, os; print(json.dumps(os.listdir('/etc')))"))
    assert set(seen) <= set(start.SETTINGS)
    assert "FileNotFoundError" in run("open('/etc/shadow')")
    assert "FileNotFoundError" in run("open('/sys/kernel')")


def test_solutions_and_gradebook_are_out_of_sight(run):
    seen = run(f"import os; print(sorted(os.listdir({str(ROOT)!r})))")
    assert "helpers" in seen
    assert "notebooks" not in seen and "build" not in seen and "tests" not in seen


def test_a_server_on_this_machine_cannot_be_reached(run):
    code = "import socket\nsocket.create_connection(('127.0.0.1', {}), 3).close()"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        exec(code.format(port))  # reachable from outside the sandbox
        assert "ConnectionRefusedError" in run(code.format(port))


def test_other_processes_cannot_be_seen(run):
    seen = run("import os; print([n for n in os.listdir('/proc') if n.isdigit()])")
    assert len(seen.split(",")) <= 3 and str(os.getpid()) not in seen


def test_secrets_of_the_environment_stay_outside(run, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "hush")
    monkeypatch.setenv("COURSE_SEED", "3")
    seen = run("import os; print(dict(os.environ))")
    assert "hush" not in seen and "'COURSE_SEED': '3'" in seen


@pytest.mark.parametrize("place", ["absolute", "relative"])
def test_the_data_folder_can_be_read_where_the_environment_says(
    place, run, tmp_path, monkeypatch
):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "digits").write_text("0 1 2", "utf-8")
    shown = tmp_path / "data"
    monkeypatch.setenv("COURSE_DATA", str(shown))
    if place == "relative":
        monkeypatch.setenv("COURSE_DATA", os.path.relpath(shown, ROOT))
    code = "import os; print(open(os.environ['COURSE_DATA'] + '/digits').read())"
    assert run(code) == "0 1 2"


def test_300_processes_cannot_be_started(run):
    code = """
import os, signal
def start():
    for number in range(1000):
        if os.fork() == 0:
            signal.pause()
print(attempt(start), len([n for n in os.listdir("/proc") if n.isdigit()]))
"""
    error, number = run(code).split()
    assert error == "BlockingIOError" and int(number) <= start.NUM_TASKS < 300


def test_threads_count_as_processes(run):
    code = """
import threading
event = threading.Event()
def start():
    for number in range(1000):
        threading.Thread(target=event.wait, daemon=True).start()
print(attempt(start), threading.active_count())
"""
    error, number = run(code).split()
    assert error == "RuntimeError" and int(number) <= start.NUM_TASKS


def test_a_process_gets_no_more_than_its_memory(run):
    code = f"""
bytearray(100 * {MIB})
print("small", attempt(lambda: bytearray(600 * {MIB})))
"""
    assert run(code) == "small MemoryError"


@pytest.mark.parametrize("num_children", [1, 7])
def test_children_get_no_more_memory_together(num_children, run):
    code = f"""
import os, time
for _ in range({num_children}):
    if os.fork() == 0:
        break
held = b"1" * int(1.5 * 200 * {MIB} / ({num_children} + 1))
time.sleep(30)
print("survived")
"""
    started = time.monotonic()
    assert "survived" not in run(code, memory_mib=200)
    assert time.monotonic() - started < 25  # it was ended, and did not end by itself
    assert "more than 200 MiB" in (run.folder / "reason").read_text("utf-8")


def test_memory_that_children_share_counts_once(run):
    code = f"""
import os, time
held = b"1" * (120 * {MIB})
if os.fork() and os.fork() and os.fork():
    time.sleep(1)
    print("survived")
else:
    time.sleep(30)
"""
    assert run(code, memory_mib=300) == "survived"
    assert not (run.folder / "reason").exists()


def test_memory_outside_every_process_is_refused(run):
    code = """
import ctypes, mmap, os
libc = ctypes.CDLL(None)
print(attempt(lambda: os.memfd_create("x")), attempt(lambda: mmap.mmap(-1, 4096)))
print(libc.shmget(0, 4096, 0o1600), libc.msgget(0, 0o1600), libc.semget(0, 1, 0o1600))
print(attempt(lambda: mmap.mmap(os.open("/dev/zero", os.O_RDWR), 4096)))
"""
    refused = "PermissionError"
    assert run(code).split() == [refused] * 2 + ["-1"] * 3 + [refused]


@pytest.mark.parametrize("place", ["/tmp", "/dev/shm", "FOLDER/sockets"])
def test_a_place_to_write_to_is_full_at_its_size(place, run):
    limit = start.SIZES.get(place, start.SOCKETS_BYTES)
    code = f"{FILL}print(fill({place!r}, {2 * limit}))"
    assert 0.9 * limit <= float(run(code)) * MIB <= limit
    assert not list(run.folder.glob("*/*"))


def test_nothing_else_can_be_written_to(run):
    code = """
import os, sys
READ_ONLY = ("/usr", "/proc", sys.prefix, sys.base_prefix)  # large: asked for once
for place, inside, _ in os.walk("/"):
    if place in READ_ONLY:
        inside.clear()
    if not isinstance(attempt(lambda: open(place + "/probe", "w")), str):
        print(place)
"""
    # What lies in /tmp is of the size of /tmp.
    found = {place for place in run(code).split() if not place.startswith("/tmp/")}
    assert found == {"/tmp", "/dev/shm"}
    assert "Error" in run("open('/proc/sys/kernel/hostname', 'w')")


def test_all_ends_with_the_one_who_started_it(tmp_path):
    code = "print('ready', flush=True); import time; time.sleep(60)"
    command = start.command(
        *(sys.executable, "-c", code), folder=tmp_path, memory_mib=512
    )
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert process.stdout.read() == b""  # the last that could write is gone
    assert not os.path.exists(tmp_path / "sockets")


def test_the_one_who_started_it_meets_it_at_a_socket(tmp_path):
    place = tmp_path / "sockets" / "s"
    code = f"""
import socket
server = socket.socket(socket.AF_UNIX)
server.bind({str(place)!r})
server.listen()
print("ready", flush=True)
server.accept()[0].sendall(b"hello")
"""
    command = start.command(
        *(sys.executable, "-c", code), folder=tmp_path, memory_mib=512
    )
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(place))
            assert client.recv(10) == b"hello"


def test_a_start_that_fails_leaves_no_process(tmp_path):
    (tmp_path / "sockets" / "in the way").mkdir(parents=True)
    command = start.command("sleep", "77", folder=tmp_path, memory_mib=512)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert "sockets" in done.stderr  # it ends here only if nobody holds its output
    assert done.returncode == 1
