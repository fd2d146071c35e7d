import csv
import shutil

from course.labs import marks, release
from course.labs.intake import HandIn

import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed (group teach)")

# nbgrader makes a submission before it belongs to its session.
pytestmark = pytest.mark.filterwarnings("ignore:Object of type <Submitted")


@pytest.fixture(scope="module")
def new_gradebook(tmp_path_factory):
    """Return a gradebook with one lab of 20 points; to make one takes a while."""
    folder = tmp_path_factory.mktemp("new")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_LABS", str(folder))
        with marks.gradebook() as book:
            book.add_assignment("lab")
            book.add_notebook("lab", "lab")
            book.add_grade_cell("test", "lab", "lab", max_score=20, cell_type="code")
            book.add_source_cell("test", "lab", "lab", cell_type="code")
    return folder / "gradebook.db"


@pytest.fixture(autouse=True)
def build(new_gradebook, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_LABS", str(tmp_path))
    shutil.copy(new_gradebook, tmp_path)
    return tmp_path


def give(student, points):
    with marks.gradebook() as book:
        book.update_or_create_student(release.key_of(student))
        submission = book.update_or_create_submission("lab", release.key_of(student))
        (grade,) = submission.notebooks[0].grades
        grade.auto_score, grade.needs_manual_grade = points, False
        book.db.commit()


def table(build):
    with open(build / "marks.csv", newline="", encoding="utf-8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_a_second_folder_adds_to_the_marks(build):
    give("ada", 17)
    marks.remember("ada", "lab", "graded")
    marks.write()
    give("bo", 3)
    marks.remember("bo", "lab", "graded; handed in as x.ipynb")
    marks.write()
    rows = table(build)
    assert {s: float(row["score"]) for s, row in rows.items()} == {"ada": 17, "bo": 3}
    assert rows["bo"]["status"] == "graded; handed in as x.ipynb"


def test_a_submission_that_was_never_graded_has_a_row_with_0(build):
    marks.remember("ada", "lab", "is not valid JSON")
    (row,) = marks.write()
    expected = {"student": "ada", "lab": "lab", "score": 0.0, "max_score": 20.0}
    assert row == expected | {
        "needs_manual_grade": False,
        "status": "is not valid JSON",
    }


def test_when_grading_again_fails_the_marks_say_what_the_gradebook_says(build):
    give("ada", 17)
    marks.remember("ada", "lab", "graded")
    marks.remember("ada", "lab", "stopped after 300 s")
    (row,) = marks.write()
    assert row["score"] == 17
    assert row["status"].startswith("stopped after 300 s; the points are those of an")


def test_a_name_that_nbgrader_would_take_as_a_pattern_keeps_its_marks():
    assert release.key_of("Zoë O'Neil-2") == "Zoë O'Neil-2"
    assert len({release.key_of(name) for name in ("a*", "a?", "a[", "a%2A", "a")}) == 5
    for name, points in (("a*", 1), ("ab", 2), ("a%2A", 3)):
        give(name, points)
        marks.remember(name, "lab", "graded")
    rows = {row["student"]: row["score"] for row in marks.write()}
    assert rows == {"a*": 1, "ab": 2, "a%2A": 3}


def test_what_belongs_to_no_lab_has_a_row(build):
    marks.write([HandIn("bo", "x.ipynb", None, "is named as no lab")])
    assert table(build)["bo"]["status"] == "is named as no lab"
    marks.write()
    assert "bo" not in table(build)  # it was another folder's


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_takes_every_cell_as_text(first, build):
    name = f'{first}HYPERLINK("http://example.org")'
    marks.remember(name, "lab", f"{first}1")
    (row,) = marks.write()
    assert row["student"] == name
    assert list(table(build)) == [f"'{name}"]
    assert table(build)[f"'{name}"]["status"] == f"'{first}1"
