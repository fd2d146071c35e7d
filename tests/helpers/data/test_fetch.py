import hashlib
import os
import queue
import tempfile
import types

from helpers.data import fetch as fetch_module
from helpers.data.fetch import Unavailable, course_data, fetch

import pytest
from servers import serve

CONTENT = bytes(range(256)) * 400
SHA256, SIZE = hashlib.sha256(CONTENT).hexdigest(), len(CONTENT)
NOWHERE = "http://127.0.0.1:9/file.bin"  # the discard port: nothing listens
WINDOW = fetch_module.WINDOW_BYTES


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """An empty classroom folder, an empty cache, and a network that is allowed."""
    (tmp_path / "classroom").mkdir()
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "classroom"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("COURSE_OFFLINE", raising=False)
    return tmp_path


def cached(folders):
    return folders / "keras" / "datasets" / "file.bin"


def fetch_content(url):
    return fetch("file.bin", url=url, sha256=SHA256, size=SIZE)


def test_classroom_copy_is_used_without_network(folders):
    (folders / "classroom" / "file.bin").write_bytes(CONTENT)
    assert fetch_content(NOWHERE) == folders / "classroom" / "file.bin"


def test_wrong_classroom_copy_is_named_left_alone_and_not_used(folders, capsys):
    wrong = folders / "classroom" / "file.bin"
    wrong.write_bytes(CONTENT[:-1])
    with serve(CONTENT) as (url, _):
        assert fetch_content(url) == cached(folders)
    assert wrong.read_bytes() == CONTENT[:-1]
    told = capsys.readouterr().out
    assert str(wrong) in told and SHA256[:12] in told


@pytest.fixture
def unprivileged():
    """A folder open to all, and a user who is not root, since root reads all files."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            os.seteuid(user)


def test_unreadable_classroom_copy_is_named_and_not_used(
    unprivileged, monkeypatch, capsys
):
    monkeypatch.setenv("COURSE_DATA", unprivileged)
    monkeypatch.setenv("KERAS_HOME", f"{unprivileged}/keras")
    secret = f"{unprivileged}/file.bin"
    with open(secret, "wb") as file:
        file.write(CONTENT)
    os.chmod(secret, 0)
    with serve(CONTENT) as (url, _):
        assert fetch_content(url).read_bytes() == CONTENT
    told = capsys.readouterr().out
    assert f"Not used: {secret} cannot be read (Permission denied)" in told


def test_a_folder_of_the_files_name_is_named_and_not_used(folders, capsys):
    (folders / "classroom" / "file.bin").mkdir()
    with serve(CONTENT) as (url, _):
        assert fetch_content(url) == cached(folders)
    assert "cannot be read (Is a directory)" in capsys.readouterr().out


def test_download_is_kept_and_asked_for_once(folders):
    with serve(CONTENT) as (url, requests):
        for _ in range(2):
            assert fetch_content(url).read_bytes() == CONTENT
    assert len(requests) == 1


def test_corrupted_cached_file_is_fetched_again(folders):
    cached(folders).parent.mkdir(parents=True)
    cached(folders).write_bytes(b"x" + CONTENT[1:])
    with serve(CONTENT) as (url, _):
        assert fetch_content(url).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "fault, reason",
    [
        (404, "the server answered 404"),
        (500, "the server answered 500"),
        ("half", "the connection broke off"),
        ("silent", "after 0 bytes, fewer than 262,144 came in 0.2 seconds"),
        ("stall", "after 0 bytes, fewer than 262,144 came in 0.2 seconds"),
        ("drip", "after 0 bytes, fewer than 262,144 came in 0.2 seconds"),
        ("endless", "longer than 102,400 bytes"),
        ("redirects", "redirects without end"),
    ],
)
def test_failing_server_leaves_no_file_and_says_the_way_out(
    folders, monkeypatch, fault, reason
):
    if fault in ("silent", "stall", "drip"):
        monkeypatch.setattr(fetch_module, "WINDOW_SECONDS", 0.2)
    with serve(CONTENT, fault=fault) as (url, _):
        with pytest.raises(Unavailable, match=reason) as caught:
            fetch_content(url)
    message = str(caught.value)
    assert url in message and str(cached(folders)) in message
    assert "COURSE_DATA" in message and "no connection" not in message
    assert list(cached(folders).parent.iterdir()) == []


def test_a_failed_download_leaves_what_was_cached(folders, monkeypatch):
    cached(folders).parent.mkdir(parents=True)
    cached(folders).write_bytes(b"an older edition")
    with serve(CONTENT, fault="half") as (url, _):
        with pytest.raises(Unavailable, match="broke off"):
            fetch_content(url)
    assert cached(folders).read_bytes() == b"an older edition"
    assert len(list(cached(folders).parent.iterdir())) == 1


@pytest.mark.parametrize(
    "other, reason",
    [
        (CONTENT[::-1], "another SHA-256"),
        (CONTENT[:-1], "102,399 of 102,400 bytes"),
        (CONTENT + b"x", "longer than 102,400 bytes"),
    ],
)
def test_another_file_at_the_address_is_never_used(folders, other, reason):
    with serve(other) as (url, _):
        with pytest.raises(Unavailable, match=reason):
            fetch_content(url)
    assert not cached(folders).exists()


def pieces_of(network, monkeypatch):
    """Receive from a made-up network: pairs of seconds to wait and bytes that come.

    Returns:
        `(received, seconds)`: bytes that came, and what a clock showed at the end.

    Raises:
        TimeoutError: as `_pieces` does.
    """
    clock, network = [0.0], iter([*network, (0, None)])

    class Arrivals:
        def put(self, piece):
            pass

        def get(self, timeout):
            seconds, piece = next(network)
            clock[0] += min(seconds, timeout)
            if seconds > timeout:
                raise queue.Empty
            return piece

    monkeypatch.setattr(fetch_module.queue, "SimpleQueue", Arrivals)
    time = types.SimpleNamespace(monotonic=lambda: clock[0])
    monkeypatch.setattr(fetch_module, "time", time)
    try:
        received = sum(map(len, fetch_module._pieces(NOWHERE)))
    except TimeoutError as error:
        error.seconds = clock[0]
        raise
    return received, clock[0]


def test_a_slow_but_steady_network_passes(monkeypatch):
    network = [(0.2, bytes(20_000))] * 500  # 100 kB/s
    assert pieces_of(network, monkeypatch) == (10_000_000, pytest.approx(100))


def test_a_pause_within_a_window_passes(monkeypatch):
    network = [(14, bytes(WINDOW))] * 3
    assert pieces_of(network, monkeypatch) == (3 * WINDOW, 42)


@pytest.mark.parametrize(
    "network, received, seconds",
    [
        ([(3, b"x")] * 1000, 0, 15),
        ([(0.1, bytes(WINDOW)), *[(3, bytes(1000))] * 1000], WINDOW, 15.1),
        ([(100, b"x")], 0, 15),
    ],
)
def test_a_drip_ends_with_its_window(monkeypatch, network, received, seconds):
    with pytest.raises(TimeoutError, match=f"after {received:,} bytes") as caught:
        pieces_of(network, monkeypatch)
    assert caught.value.seconds == pytest.approx(seconds)


def test_no_network_says_so(folders):
    with pytest.raises(Unavailable, match="no connection"):
        fetch_content(NOWHERE)


def test_offline_asks_nobody(folders, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    with serve(CONTENT) as (url, requests):
        with pytest.raises(Unavailable, match="COURSE_OFFLINE is set"):
            fetch_content(url)
    assert requests == []


def test_a_download_that_is_not_wanted_asks_nobody_and_a_copy_is_used(folders):
    with serve(CONTENT) as (url, requests):
        options = {"url": url, "sha256": SHA256, "size": SIZE, "download": False}
        with pytest.raises(Unavailable, match="a download was not asked for"):
            fetch("file.bin", **options)
        (folders / "classroom" / "file.bin").write_bytes(CONTENT)
        assert fetch("file.bin", **options).read_bytes() == CONTENT
    assert requests == []


def test_course_data_that_is_no_folder_is_named(folders, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(folders / "missing"))
    with pytest.raises(ValueError, match="COURSE_DATA must be a folder, got .*missing"):
        fetch_content(NOWHERE)


@pytest.mark.parametrize("here", ["", "notebooks", "elsewhere"])
def test_relative_course_data_is_found_from_every_folder_of_the_course(
    folders, monkeypatch, here
):
    for name in ("notebooks", "elsewhere"):
        (folders / name).mkdir()
    monkeypatch.setattr(fetch_module, "ROOT", folders)
    monkeypatch.setenv("COURSE_DATA", "classroom")
    monkeypatch.chdir(folders / here)
    assert course_data() == folders / "classroom"


def test_relative_course_data_of_the_current_folder_comes_first(folders, monkeypatch):
    (folders / "here" / "classroom").mkdir(parents=True)
    monkeypatch.setattr(fetch_module, "ROOT", folders)
    monkeypatch.setenv("COURSE_DATA", "classroom")
    monkeypatch.chdir(folders / "here")
    assert course_data() == folders / "here" / "classroom"


def test_relative_course_data_that_is_nowhere_names_both_folders(folders, monkeypatch):
    monkeypatch.setattr(fetch_module, "ROOT", folders)
    monkeypatch.setenv("COURSE_DATA", "missing")
    monkeypatch.chdir(folders / "classroom")
    with pytest.raises(ValueError) as caught:
        course_data()
    assert f"{folders}/classroom/missing" in str(caught.value)
    assert f"no {folders}/missing" in str(caught.value)
