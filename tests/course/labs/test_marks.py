import csv
import datetime
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


def test_what_cannot_be_graded_keeps_its_row_until_its_folder_comes_again(build):
    marks.remember_others("one", [HandIn("bo", "x.ipynb", None, "is named as no lab")])
    marks.write()
    assert table(build)["bo"]["status"] == "is named as no lab"
    marks.remember_others("two", [HandIn("cy", "", None, "is an empty folder")])
    give("ada", 17)
    marks.remember("ada", "lab", "graded")
    marks.write()
    assert set(table(build)) == {"ada", "bo", "cy"}
    marks.remember_others("one", [])
    marks.write()
    assert set(table(build)) == {"ada", "cy"}


def test_a_file_of_the_same_name_that_is_not_graded_takes_no_points(build):
    give("ada", 17)
    marks.remember("ada", "lab", "graded")
    marks.remember_others("one", [HandIn("ada", "lab", None, "is another lab's")])
    graded, other = marks.write()
    assert (graded["score"], other["score"]) == (17, 0)
    with open(build / "table.csv", newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert float(row["lab"]) == float(row["total"]) == 17


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


def test_before_anything_was_released_the_tables_are_empty(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_LABS", str(tmp_path / "not" / "yet"))
    assert marks.write() == []
    assert table(tmp_path / "not" / "yet") == {}


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
    marks.remember_others("one", [HandIn("bo", "x.ipynb", None, "is named as no lab")])
    marks.write()
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


def read_as_canvas_does(path):
    """Return `(points, marks)` as Canvas's importer finds them, by its own rules.

    lib/gradebook_importer.rb: the first column's name has "Student" in it, the second's
    "ID", and the column before the labs "Section". After the first two come either SIS
    Login ID or SIS User ID and SIS Login ID. A row with "Points Possible" first is no
    student; who a student is say, in this order, the ID, the login and the name.
    """
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert "Student" in header[0] and "ID" in header[1]
    num_columns = 3
    if header[2] == "SIS Login ID":
        num_columns = 4
    elif header[2:4] == ["SIS User ID", "SIS Login ID"]:
        num_columns = 5
    assert "Section" in header[num_columns - 1]
    points, found = {}, {}
    for row in rows:
        labs = dict(zip(header[num_columns:], row[num_columns:], strict=True))
        if "Points Possible" in row[0]:
            points = labs
        else:
            found[row[1] or row[num_columns - 2] or row[0]] = labs
    return points, found


def read_as_moodle_does(path, emails):
    """Return marks by email address, as Moodle's importer finds them.

    grade/import/csv/classes/load_data.php: the student is the one with the address; an
    unknown address ends the import, and an empty one leaves the student of the row
    before. "-" is no mark.
    """
    found, who = {}, None
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            address = row["Email address"].strip()
            if address:
                assert address in emails
                who = address
            marks_of = {k: v for k, v in row.items() if k not in marks.MOODLE}
            found.setdefault(who, []).append(marks_of)
    return found


@pytest.fixture
def a_class(build):
    """Give marks to a student on the roster and to one who is not, and none to bo."""
    enrol(ada="Lovelace", bo="Yi")
    for student, points in (("ada", 17), ("eve_77", 3)):
        give(student, points)
        marks.remember(student, "lab", "graded")
    marks.write()
    return build


def test_canvas_finds_each_student_and_the_points(a_class):
    points, found = read_as_canvas_does(a_class / "canvas.csv")
    assert points == {"lab": "20.0"}
    assert found == {"ada": {"lab": "17.0"}, "bo": {"lab": ""}, "77": {"lab": "3.0"}}


def test_moodle_gives_nobody_the_marks_of_another(a_class):
    emails = {"ada@example.org", "bo@example.org"}
    assert read_as_moodle_does(a_class / "moodle.csv", emails) == {
        "ada@example.org": [{"lab": "17.0"}],
        "bo@example.org": [{"lab": "-"}],
    }


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


def test_a_time_that_is_not_known_is_not_that_of_the_hand_in_before(build):
    give("ada", 17)
    with marks.gradebook() as book:
        book.update_or_create_assignment("lab", duedate="2027-01-15 12:00:00 UTC")
        submission = book.find_submission("lab", "ada")
        submission.timestamp = datetime.datetime(2027, 1, 17, 12)
        book.db.commit()
        assert submission.total_seconds_late == 2 * late.SECONDS_A_DAY
    marks.forget_time("ada", "lab")
    marks.forget_time("nobody", "lab")
    with marks.gradebook() as book:
        assert book.find_submission("lab", "ada").total_seconds_late == 0


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
