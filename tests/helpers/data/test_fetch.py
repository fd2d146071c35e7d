import hashlib

from helpers.data import fetch as fetch_module
from helpers.data.fetch import Unavailable, fetch

import pytest
from servers import serve

CONTENT = bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NOWHERE = "http://127.0.0.1:9/file.bin"  # the discard port: nothing listens


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """An empty classroom folder, an empty cache, and a network that is allowed."""
    (tmp_path / "classroom").mkdir()
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "classroom"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("COURSE_OFFLINE", raising=False)
    monkeypatch.setattr(fetch_module, "STALL_SECONDS", 1)
    return tmp_path


def cached(places):
    return places / "keras" / "datasets" / "file.bin"


def test_classroom_copy_is_used_without_network(places):
    (places / "classroom" / "file.bin").write_bytes(CONTENT)
    path = fetch("file.bin", url=NOWHERE, sha256=SHA256)
    assert path == places / "classroom" / "file.bin"


def test_wrong_classroom_copy_is_named_left_alone_and_not_used(places, capsys):
    wrong = places / "classroom" / "file.bin"
    wrong.write_bytes(CONTENT[:-1])
    with serve(CONTENT) as (url, _):
        assert fetch("file.bin", url=url, sha256=SHA256) == cached(places)
    assert wrong.read_bytes() == CONTENT[:-1]
    told = capsys.readouterr().out
    assert str(wrong) in told and SHA256[:12] in told


def test_download_is_kept_and_asked_for_once(places):
    with serve(CONTENT) as (url, requests):
        for _ in range(2):
            path = fetch("file.bin", url=url, sha256=SHA256)
            assert path.read_bytes() == CONTENT
    assert len(requests) == 1


def test_corrupted_cached_file_is_fetched_again(places):
    cached(places).parent.mkdir(parents=True)
    cached(places).write_bytes(b"x" + CONTENT[1:])
    with serve(CONTENT) as (url, _):
        assert fetch("file.bin", url=url, sha256=SHA256).read_bytes() == CONTENT


# pooch leaves a broken connection to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    "fault, reason",
    [
        ("error", "the server answered 500"),
        ("half", "broke off"),
        ("stall", "no answer within 1 seconds"),
    ],
)
def test_failing_server_leaves_no_file_and_says_the_way_out(places, fault, reason):
    with serve(CONTENT, fault=fault) as (url, _):
        with pytest.raises(Unavailable, match=reason) as caught:
            fetch("file.bin", url=url, sha256=SHA256)
    message = str(caught.value)
    assert url in message and str(cached(places)) in message
    assert "COURSE_DATA" in message
    assert not cached(places).exists()
    assert list(cached(places).parent.glob("*")) == []


def test_another_file_at_the_address_is_never_used(places):
    with serve(CONTENT[::-1]) as (url, _):
        with pytest.raises(Unavailable, match="another SHA-256"):
            fetch("file.bin", url=url, sha256=SHA256)
    assert not cached(places).exists()


def test_no_network_says_so(places):
    with pytest.raises(Unavailable, match="no connection"):
        fetch("file.bin", url=NOWHERE, sha256=SHA256)


def test_offline_asks_nobody(places, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    with serve(CONTENT) as (url, requests):
        with pytest.raises(Unavailable, match="COURSE_OFFLINE is set"):
            fetch("file.bin", url=url, sha256=SHA256)
    assert requests == []


def test_course_data_that_is_no_folder_is_named(places, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(places / "missing"))
    with pytest.raises(ValueError, match="COURSE_DATA must be a folder, got .*missing"):
        fetch("file.bin", url=NOWHERE, sha256=SHA256)
