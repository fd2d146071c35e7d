import os

from course.labs import grade, release, timing
from course.labs.sandbox import bounds
from helpers import backend, catalogue

import pytest

LABS = release.names()[:2]


@pytest.fixture
def graded(monkeypatch, tmp_path):
    """Let nothing be graded; return what was to be, and the status to be given."""
    found = {"status": "graded", "labs": [], "builds": set()}

    def grade_one(handed_in, **limits):
        assert handed_in.path.read_bytes() == source_of(handed_in.lab)
        assert limits["isolated"] and set(grade.LIMITS) < set(limits)
        found["labs"].append(handed_in.lab)
        found["builds"].add(os.environ["COURSE_LABS"])
        return found["status"]

    monkeypatch.setenv("COURSE_LABS", str(tmp_path))
    monkeypatch.delenv("COURSE_LEDGER", raising=False)
    monkeypatch.setattr(bounds, "missing_bounds", lambda: ())
    monkeypatch.setattr(release, "release", lambda labs: None)
    monkeypatch.setattr(backend, "product_gflops", lambda: 50.0)
    monkeypatch.setattr(grade, "grade_one", grade_one)
    return found


def source_of(lab):
    return catalogue.find(lab, "lab").path.read_bytes()


def test_each_lab_has_a_row_and_the_gradebook_is_another(graded, tmp_path):
    rows = timing.measure(LABS)
    assert [row["source"] for row in rows] == graded["labs"] == LABS
    for row in rows:
        assert (row["lesson"], row["metric"]) == ("helpers", "grade_seconds")
        assert (row["unit"], row["product_gflops"]) == ("s", 50.0)
        assert row["value"] >= 0
    assert str(tmp_path) not in graded["builds"]
    assert os.environ["COURSE_LABS"] == str(tmp_path)
    assert "COURSE_LEDGER" not in os.environ


def test_an_answer_that_was_not_graded_measures_nothing(graded):
    graded["status"] = "stopped after 300 s"
    with pytest.raises(ValueError, match=f"{LABS[0]}: the model .* 'stopped after"):
        timing.measure(LABS)


def test_student_code_that_cannot_be_held_is_not_run(graded, monkeypatch):
    monkeypatch.setattr(bounds, "missing_bounds", lambda: ("network",))
    with pytest.raises(ValueError, match="cannot be held here: network"):
        timing.measure(LABS)
    assert not graded["labs"]
