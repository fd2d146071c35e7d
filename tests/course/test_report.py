"""README's tables and the page of results: words, and digits that mean something."""

import tomllib

from course import report, results, samples
from helpers import catalogue
from helpers.files import ROOT

import pytest
from rows import seeds


def test_a_metric_has_words_and_an_unknown_one_its_own_name():
    assert report.words("03_gan", "fid_dcgan") == "DCGAN"
    assert report.words("further/03_gan", "peak_mib") == "Most memory at any moment"
    assert report.words("09_new", "some_new_thing") == "some new thing"


def test_every_figure_of_the_record_has_words():
    known = tomllib.loads((ROOT / "website/metrics.toml").read_text("utf-8"))
    for row in results.load():
        of_lesson = known.get(row["lesson"], {}) | known["pages"]
        assert row["metric"] in of_lesson, (row["lesson"], row["metric"])


def test_what_a_lesson_found_stands_apart_from_what_it_took(monkeypatch):
    found = seeds(4.0, 5.0, 6.0, metric="a_b")
    took = seeds(200.0, metric="run_seconds", unit="s", source="", device="an abacus")
    helpers = seeds(7.0, metric="one", lesson="helpers")
    monkeypatch.setattr(results, "load", lambda: [*found, *took, *helpers])
    text = report.results_page()
    title = catalogue.find("02").title()
    assert f"## [{title}](../notebooks/02_vae.ipynb)" in text and "## helpers" in text
    assert "| a b | 5.0 ± 1.0 | nats/image | 3 seeds, mnist |" in text
    assert "| Time for the whole page | 200 | s | 1 seed, an abacus |" in text
    assert text.index("a b") < text.index("Time, speed") < text.index("## helpers")


def test_minutes_come_from_the_ledger_and_else_from_the_list(monkeypatch):
    page = catalogue.find("02_vae")
    monkeypatch.setattr(results, "load", lambda: [])
    assert report.minutes(page) == report.lessons()["02_vae"]["minutes"]
    for seconds, minutes in ((20.0, 1), (1_000.0, 17)):
        took = seeds(seconds, metric="run_seconds", unit="s")
        monkeypatch.setattr(results, "load", lambda took=took: took)
        assert report.minutes(page) == minutes
    assert report.minutes(catalogue.find("further/02_vae")) is None


def test_each_lesson_has_its_line_and_each_headline_its_figure():
    assert {page.name for page in catalogue.pages("lesson")} <= set(report.lessons())
    assert 6 <= len(report.headlines()) <= 8
    for page in catalogue.pages("lesson"):
        assert samples.picture(page.name, report.lessons()[page.name]["picture"])
        number = report.one_number(page)
        assert not number or number.startswith("**")


def test_the_tables_take_their_places_in_the_readme(tmp_path, monkeypatch):
    readme = tmp_path / "README.md"
    marks = "<!-- {0}: begin -->\nold\n<!-- {0}: end -->\n"
    before = "before\n" + marks.format("lessons") + marks.format("results") + "after\n"
    readme.write_text(before, "utf-8")
    monkeypatch.setattr(report, "ROOT", tmp_path)
    monkeypatch.setattr(report, "RESULTS_PAGE", tmp_path / "results.md")
    report.write()
    text = readme.read_text("utf-8")
    assert text.startswith("before\n") and text.endswith("after\n")
    assert "old" not in text and "nanoGPT" in text and "02_vae.ipynb" in text
    report.write()
    assert readme.read_text("utf-8") == text
    readme.write_text("nothing\n")
    with pytest.raises(ValueError, match="no place for lessons"):
        report.write()
    assert readme.read_text() == "nothing\n"


def test_the_readme_has_a_place_for_each_table():
    text = (ROOT / "README.md").read_text("utf-8")
    for name in ("lessons", "results"):
        report.replace_part(text, name, "")
