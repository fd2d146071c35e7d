import csv
import runpy
import shutil

from course.labs import marks, release
from course.labs.intake import HandIn
from helpers.files import ROOT

import pytest
import traitlets.config

pytest.importorskip("nbgrader", reason="nbgrader is not installed (group teach)")

from course.labs import late

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
        "late_penalty": 0.0,
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


def enrol(**names):
    """Put students on the roster, as `nbgrader db student import` does."""
    with marks.gradebook() as book:
        for student, name in names.items():
            email = f"{student}@example.org"
            book.update_or_create_student(student, last_name=name, email=email)


def test_the_roster_says_who_is_missing_and_who_is_unknown(build):
    enrol(ada="Lovelace", bo="Yi")
    give("ada", 17)
    marks.remember("ada", "lab", "graded")
    give("eve", 20)
    marks.remember("eve", "lab", "graded")
    rows = {row["student"]: row for row in marks.write()}
    assert {student: row["status"] for student, row in rows.items()} == {
        "ada": "graded",
        "bo": "nothing handed in",
        "eve": "graded; is not on the roster",
    }
    assert rows["bo"]["score"] == 0


def test_without_a_roster_nobody_is_unknown(build):
    give("ada", 17)
    marks.remember("ada", "lab", "graded")
    assert [row["status"] for row in marks.write()] == ["graded"]


def test_a_lab_that_nobody_has_handed_in_is_not_yet_missing(build):
    enrol(ada="Lovelace")
    assert marks.write() == []


def test_the_table_has_a_row_for_each_student_and_a_column_for_each_lab(build):
    enrol(ada="Lovelace", bo="Yi")
    with marks.gradebook() as book:
        book.add_assignment("lab2")
        book.add_notebook("lab2", "lab2")
        book.add_grade_cell("t", "lab2", "lab2", max_score=5, cell_type="code")
    give("ada", 17)
    marks.remember("ada", "lab", "graded")
    marks.remember("ada", "lab2", "is not valid JSON")
    marks.write([HandIn("bo", "x.ipynb", None, "is named as no lab")])
    with open(build / "table.csv", newline="", encoding="utf-8") as file:
        ada, bo = csv.DictReader(file)
    assert list(ada) == [*marks.WHO, "lab", "lab2", "total"]
    assert (ada["last_name"], ada["email"]) == ("Lovelace", "ada@example.org")
    assert [float(ada[name]) for name in ("lab", "lab2", "total")] == [17, 0, 17]
    assert [bo[name] for name in ("student", "lab", "lab2", "total")] == [
        "bo",
        *[""] * 3,
    ]


def test_canvas_knows_its_columns_students_and_points(build):
    enrol(al_01="Lovelace")
    for student, points in (("al_01", 17), ("yibo_77", 3), ("88", 4)):
        give(student, points)
        marks.remember(student, "lab", "graded")
    marks.write()
    with open(build / "canvas.csv", newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "lab"]
    assert rows == [
        ["Points Possible", "", "", "", "", "20.0"],
        ["88", "88", "", "", "", "4.0"],
        ["Lovelace", "", "", "al_01", "", "17.0"],
        ["yibo_77", "77", "", "", "", "3.0"],
    ]


def test_the_roster_names_those_who_have_a_name(build):
    assert marks.roster() == []
    enrol(ada="Lovelace")
    give("eve", 1)
    assert marks.roster() == [("ada", "Lovelace", None)]


@pytest.mark.parametrize(
    ("points", "penalty", "left"), [(16, 4, 12), (17, 17 * 0.7, 5.1)]
)
def test_what_a_late_hand_in_costs_is_taken_off(points, penalty, left, build):
    give("ada", points)
    with marks.gradebook() as book:
        (notebook,) = book.find_submission("lab", "ada").notebooks
        notebook.late_submission_penalty = penalty
        book.db.commit()
    marks.remember("ada", "lab", "graded")
    (row,) = marks.write()
    found = (row["score"], row["late_penalty"], row["max_score"])
    assert found == (left, round(penalty, 2), 20)


@pytest.mark.parametrize(
    ("seconds", "share"), [(1, 0.1), (86_400, 0.1), (86_401, 0.2), (10**7, 1)]
)
def test_each_day_that_has_begun_costs_a_tenth(seconds, share):
    plugin = late.PercentADay()
    assert plugin.late_submission_penalty("ada", 15.0, seconds) == 15 * share


def test_the_course_asks_nbgrader_to_charge_for_late_hand_ins():
    config = traitlets.config.Config()
    found = runpy.run_path(
        str(ROOT / "nbgrader_config.py"), {"get_config": lambda: config}
    )
    assert config.AssignLatePenalties.plugin_class is found["PercentADay"]
    assert 0 < config.PercentADay.percent <= 100
