import errno
import os
import signal
import stat
import subprocess
import sys

from helpers.files import ROOT, replace_text, replacing

import pytest


@pytest.fixture
def path(tmp_path):
    """A file that holds `old`, alone in its folder."""
    path = tmp_path / "file.txt"
    path.write_bytes(b"old")
    return path


def start(path, code):
    """Start another process that runs `code`, where `path` is the path."""
    setup = (
        "import os, pathlib, resource, signal, sys\n"
        "from helpers.files import replacing\n"
        "path = pathlib.Path(sys.argv[1])\n"
    )
    command = [sys.executable, "-c", setup + code, str(path)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_the_new_file_appears_when_it_is_whole(path):
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_was_not_there_is_made(path):
    with replacing(path.with_name("another")) as file:
        file.write(b"new")
        assert not path.with_name("another").exists()
    assert path.with_name("another").read_bytes() == b"new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_old_file_and_nothing_beside_it(path, error):
    with pytest.raises(error):
        with replacing(path) as file:
            file.write(b"half of the n")
            raise error
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_a_kill_leaves_the_old_file(path):
    writer = start(
        path,
        "with replacing(path) as file:\n"
        "    file.write(b'half of the n')\n"
        "    file.flush()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n",
    )
    writer.communicate()
    assert writer.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    with replacing(path) as file:  # what the kill left is in nobody's way
        file.write(b"new")
    assert path.read_bytes() == b"new"


def test_a_full_disk_is_an_error_and_leaves_the_old_file(path):
    writer = start(
        path,
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    with replacing(path) as file:\n"
        "        file.write(bytes(2000))\n"
        "except OSError as error:\n"
        "    print(error.errno)\n",
    )
    told, _ = writer.communicate()
    assert told.split() == [str(errno.EFBIG)]
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_readers_see_whole_files_whatever_two_writers_do(path):
    size, rounds = 200_000, 100
    path.write_bytes(b"o" * size)
    code = (
        f"for _ in range({rounds}):\n"
        "    with replacing(path) as file:\n"
        f"        file.write({{letter}} * {size // 2})\n"
        "        file.flush()\n"
        f"        file.write({{letter}} * {size // 2})\n"
    )
    writers = [start(path, code.format(letter=letter)) for letter in (b"a", b"b")]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        content = path.read_bytes()
        seen.add((len(content), bytes(set(content))))
    assert [writer.wait() for writer in writers] == [0, 0]
    for writer in writers:
        writer.stdout.close()
    assert seen <= {(size, b"o"), (size, b"a"), (size, b"b")}
    assert len(seen) > 1  # the readers did see writing
    assert list(path.parent.iterdir()) == [path]


def test_permissions_are_kept_and_new_ones_are_those_of_any_new_file(path):
    path.chmod(0o604)
    mask = os.umask(0o027)
    try:
        replace_text(path, "new")
        replace_text(path.with_name("another"), "new")
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o604
    assert stat.S_IMODE(path.with_name("another").stat().st_mode) == 0o640


def test_text_is_written_as_utf_8_with_its_line_ends(path):
    replace_text(path, "Rôle\r\nend\n")
    assert path.read_bytes() == b"R\xc3\xb4le\r\nend\n"


def test_a_missing_folder_is_named(path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        replace_text(path.parent / "nowhere" / "file.txt", "new")
