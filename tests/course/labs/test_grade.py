"""Labs graded for real: nbgrader, its gradebook, kernels in the sandbox."""

import csv
import statistics

from course import cli
from course.labs import grade, sandbox
from helpers.files import ROOT

import nbformat
import pytest
from submissions import (
    SOURCES,
    answer_cells,
    hard_coded,
    points_of,
    solved,
    source_of,
    student_copy,
    with_code,
    without_tests,
)

pytest.importorskip("nbgrader", reason="nbgrader is not installed (group teach)")
LABS = grade.names()
BAD = {
    "loops": "while True:\n    pass",
    "stubborn": (
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "while True:\n    pass"
    ),
    "greedy": "hoard = []\nwhile True:\n    hoard.append(bytearray(10**8))",
    "dies": "import os\nos._exit(1)",
    "deletes": f"import shutil\nshutil.rmtree({str(ROOT)!r}, ignore_errors=True)",
    "peeks": f"print(open({str(SOURCES)!r} + '/' + {LABS[0]!r}))",
}


@pytest.fixture(scope="module", autouse=True)
def course_folder(tmp_path_factory):
    """Keep releases, gradebook and feedback away from the instructor's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_LABS", str(tmp_path_factory.mktemp("labs")))
        yield


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_names_its_points_and_has_one_question_for_a_person(lab):
    cells = source_of(lab).cells
    graded = [c for c in cells if c.metadata.nbgrader.grade]
    by_hand = [c for c in graded if c.metadata.nbgrader.solution]
    assert [c.cell_type for c in by_hand] == ["markdown"]
    assert sum(c.metadata.nbgrader.points for c in graded) == 20
    assert "20 points" in cells[0].source


@pytest.mark.parametrize("lab", LABS)
def test_each_answer_has_visible_and_hidden_tests(lab):
    notebook = source_of(lab)
    tests = [
        c.source
        for c in notebook.cells
        if c.metadata.nbgrader.grade and c.cell_type == "code"
    ]
    assert len(tests) >= len(answer_cells(notebook)) >= 3
    for source in tests:
        visible, hidden = source.split("### BEGIN HIDDEN TESTS")
        assert "check_" in visible and "check_" in hidden


def test_submissions_are_found_by_student_and_lab(tmp_path):
    for path in ("ada/{}.ipynb", "bo/deep/er/{}.ipynb", "cy/other.ipynb"):
        file = tmp_path / path.format(LABS[0])
        file.parent.mkdir(parents=True)
        file.write_text("{}", "utf-8")
    found = [(student, lab) for student, lab, _ in grade.collect(tmp_path)]
    assert found == [("ada", LABS[0]), ("bo", LABS[0])]


def test_a_folder_without_submissions_is_refused(tmp_path):
    with pytest.raises(ValueError, match="expected STUDENT/LAB.ipynb"):
        grade.collect(tmp_path)
    with pytest.raises(ValueError, match="No folder"):
        grade.collect(tmp_path / "missing")


def test_student_code_is_not_run_without_a_sandbox(tmp_path, monkeypatch):
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / f"{LABS[0]}.ipynb").write_text("{}", "utf-8")
    monkeypatch.setattr(sandbox, "is_available", lambda: False)
    with pytest.raises(ValueError, match="--unsafe"):
        grade.grade(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["grade", "missing"], "course: No folder 'missing'."),
        (["release", "lab99"], f"course: No lab 'lab99'. There are: {LABS[0]}"),
    ],
)
def test_the_command_says_in_one_line_what_is_missing(arguments, said, capsys):
    assert cli.main(["labs", *arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith(said) and error.count("\n") == 1


def grade_all(folder, submissions, **options):
    """Write submissions as `folder/STUDENT/LAB.ipynb`; return marks by student."""
    for (student, lab), notebook in submissions.items():
        path = folder / student / f"{lab}.ipynb"
        path.parent.mkdir(parents=True)
        if isinstance(notebook, str):
            path.write_text(notebook, "utf-8")
        else:
            nbformat.write(notebook, path)
    if not sandbox.is_available():
        pytest.skip("bubblewrap is not installed (apt-get install bubblewrap)")
    return {row["student"]: row for row in grade.grade(folder, **options)}


@pytest.mark.labs
@pytest.mark.parametrize("lab", LABS)
def test_points_are_those_that_the_work_deserves(lab, tmp_path):
    grade.release([lab])
    half = len(answer_cells(source_of(lab))) // 2
    cheat, cheat_points = hard_coded(lab)
    submissions = {
        ("perfect", lab): solved(lab),
        ("half", lab): solved(lab, half),
        ("empty", lab): student_copy(lab),
        ("no_tests", lab): without_tests(lab),
        ("hard_coded", lab): cheat,
    }
    marks = grade_all(tmp_path, submissions)
    assert {row["status"] for row in marks.values()} == {"graded"}
    assert {student: row["score"] for student, row in marks.items()} == {
        "perfect": points_of(lab),
        "half": points_of(lab, half),
        "empty": 0,
        "no_tests": 0,
        "hard_coded": cheat_points,
    }
    waiting = {student for student, row in marks.items() if row["needs_manual_grade"]}
    assert waiting == {"perfect"}  # the only one that answered in words
    feedback = grade.build_folder() / "feedback" / "half" / lab / f"{lab}.html"
    assert f"{points_of(lab, half):.1f} / 20.0" in feedback.read_text("utf-8")


@pytest.mark.labs
def test_points_given_by_a_person_survive_grading_again(tmp_path):
    from nbgrader.api import Gradebook

    lab = LABS[0]
    grade.release([lab])
    (before,) = grade_all(tmp_path, {("ada", lab): solved(lab)}).values()
    assert before["needs_manual_grade"]
    with Gradebook(f"sqlite:///{grade.build_folder() / 'gradebook.db'}") as gradebook:
        for entry in gradebook.find_submission(lab, "ada").notebooks[0].grades:
            if entry.cell.cell_type == "markdown":
                entry.manual_score, entry.needs_manual_grade = 2.0, False
        gradebook.db.commit()
    (after,) = grade.grade(tmp_path)
    assert after["score"] == before["score"] + 2
    assert after["needs_manual_grade"]  # nbgrader wants them looked at once more


@pytest.mark.labs
def test_bad_submissions_are_named_and_the_rest_are_graded(tmp_path):
    lab = LABS[0]
    grade.release([lab])
    submissions = {(name, lab): with_code(lab, code) for name, code in BAD.items()}
    submissions |= {("no_json", lab): '{"cells": [', ("no_notebook", lab): "[1]"}
    submissions |= {("good", lab): solved(lab)}
    done = []
    marks = grade(
        tmp_path,
        submissions,
        seconds=300,
        cell_seconds=40,
        on_graded=lambda submission, status: done.append(submission),
    )
    assert sorted(done) == sorted(submissions)
    status = {student: row["status"] for student, row in marks.items()}
    assert status["good"] == "graded"
    assert "stopped after 40 s" in status["loops"]
    assert status["stubborn"] == "a cell could not be interrupted"
    assert "memory" in status["greedy"]
    assert "died" in status["dies"]
    assert status["no_json"] == "is not valid JSON"
    assert status["no_notebook"] == "is no notebook of format 4"
    for student in ("deletes", "peeks", "good"):
        assert marks[student]["score"] == points_of(lab), student
    assert (ROOT / "pyproject.toml").exists()
    graded = grade.build_folder() / "autograded" / "peeks" / lab / f"{lab}.ipynb"
    assert "FileNotFoundError" in graded.read_text("utf-8")
    with open(grade.build_folder() / "marks.csv", newline="", encoding="utf-8") as file:
        assert [row["student"] for row in csv.DictReader(file)] == sorted(marks)
    assert statistics.fmean(row["max_score"] for row in marks.values()) == 20


@pytest.mark.labs
def test_a_submission_that_takes_too_long_is_stopped_as_a_whole(tmp_path):
    lab = LABS[0]
    grade.release([lab])
    slow = {("slow", lab): with_code(lab, BAD["loops"])}
    marks = grade_all(tmp_path, slow, seconds=20, cell_seconds=40)
    assert "stopped after 20 s" in marks["slow"]["status"]
