import re

from helpers.data import sources
from helpers.data.fetch import Unavailable, course_data
from helpers.data.sources import FILES, fetch_file, load_source
from helpers.files import DATA

import pytest


def real():
    return "real data"


def other():
    return "other data"


def offline():
    return "an offline world"


def unavailable():
    raise Unavailable("no network")


def load(source, first=real, second=other):
    loaders = {"real": first, "other": second, "made": offline}
    return load_source(source, loaders, notice="Made instead.")


def test_auto_takes_the_real_set_and_says_nothing(capsys):
    assert load("auto") == "real data"
    assert capsys.readouterr().out == ""


def test_auto_falls_back_to_the_offline_world_in_one_visible_line(capsys):
    assert load("auto", unavailable) == "an offline world"
    assert capsys.readouterr().out == "Made instead. no network\n"


def test_a_source_asked_for_by_name_is_never_replaced(capsys):
    assert [load(name) for name in ("real", "other", "made")] == [
        "real data",
        "other data",
        "an offline world",
    ]
    with pytest.raises(Unavailable, match="no network"):
        load("real", unavailable)
    with pytest.raises(Unavailable, match="no network"):
        load("other", second=unavailable)
    assert capsys.readouterr().out == ""


def test_a_fault_of_another_kind_is_not_covered_up():
    def broken():
        raise ValueError("damaged archive")

    with pytest.raises(ValueError, match="damaged archive"):
        load("auto", broken)


def test_an_unknown_source_is_named_with_the_known_ones():
    message = "source must be 'auto', 'real', 'other' or 'made', got 'unreal'"
    with pytest.raises(ValueError, match=message):
        load("unreal")


def test_a_file_is_fetched_by_its_row_of_the_list(monkeypatch):
    row = {"url": "https://example.org/a", "sha256": "0" * 64, "size": 3}
    monkeypatch.setitem(sources.FILES, "a.txt", row)
    monkeypatch.setattr(sources, "fetch", lambda name, **rest: (name, rest))
    assert fetch_file("a.txt") == ("a.txt", row | {"download": True})
    assert fetch_file("a.txt", download=False)[1]["download"] is False


def test_readme_lists_every_file_with_its_size_sum_and_address():
    text = (DATA / "README.md").read_text("utf-8")
    rows = re.findall(
        r"^\| `(.+?)` \| .+? \| ([\d,]+) \| `(\w{64})` \| <(.+?)> \|",
        text,
        re.MULTILINE,
    )
    listed = {
        name: {"url": url, "sha256": sha256, "size": int(size.replace(",", ""))}
        for name, size, sha256, url in rows
    }
    assert listed == FILES


@pytest.mark.parametrize("name", FILES)
def test_sizes_are_those_of_the_files(name):
    path = course_data() and course_data() / name
    if not path or not path.is_file():
        pytest.skip(f"COURSE_DATA has no {name} to compare with")
    assert path.stat().st_size == FILES[name]["size"]
