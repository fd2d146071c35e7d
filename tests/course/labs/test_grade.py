"""Labs graded for real: nbgrader, its gradebook, kernels in the sandbox."""

import copy
import csv
import json
import signal
import statistics
import subprocess
import sys

from course import cli
from course.labs import command, grade, marks
from course.labs.sandbox import bounds
from helpers.files import ROOT

import nbformat
import psutil
import pytest
from lab_runs import parts_of
from submissions import (
    SOURCES,
    answer_cells,
    every_second,
    loud,
    points_of,
    solved,
    source_of,
    student_copy,
    with_code,
    without_tests,
)

pytest.importorskip("nbgrader", reason="nbgrader is not installed (group teach)")
LABS = grade.names()
LAB = "lab07_words"  # trains for seconds alone
LOOP = "while True:\n    pass"
BAD = {
    "loops": LOOP,
    "stubborn": (
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n" + LOOP
    ),
    "greedy": "hoard = []\nwhile True:\n    hoard.append(bytearray(10**8))",
    "dies": "import os\nos._exit(1)",
    "multiplies": (
        "import os, time\nfor _ in range(3):\n    if os.fork() == 0:\n        break\n"
        "held = b'1' * (1200 * 2**20)\ntime.sleep(30)"
    ),
    # These get their points: they have done no harm.
    "deletes": f"import shutil\nshutil.rmtree({str(ROOT)!r}, ignore_errors=True)",
    "peeks": f"print(open({str(SOURCES)!r} + '/' + {LABS[0]!r}))",
    "floods": "print('x' * 200_000_000)",
    "drips": "for _ in range(2000):\n    print('x' * 100_000)",
    "reaches": "get_ipython().events.register('pre_run_cell', lambda *_: None)",
}
HARMLESS = ("deletes", "peeks", "floods", "drips")


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


@pytest.fixture
def handed_in(tmp_path):
    """Return a folder with one submission, which is no notebook."""
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / f"{LABS[0]}.ipynb").write_text("{}", "utf-8")
    return tmp_path


def test_student_code_is_not_run_where_a_bound_is_missing(handed_in, monkeypatch):
    monkeypatch.setattr(bounds, "missing_bounds", lambda: ("network", "processes"))
    with pytest.raises(ValueError, match="missing: network; processes.*--unsafe"):
        grade.grade(handed_in)


@pytest.mark.parametrize(
    ("option", "value", "least"),
    [
        ("jobs", 0, 1),
        ("seconds", -5, 1),
        ("cell_seconds", 0, 1),
        ("memory_mib", 1, 256),
    ],
)
def test_a_number_that_makes_no_sense_is_refused(option, value, least, handed_in):
    with pytest.raises(ValueError, match=f"{option} must be .* {least}, got {value}"):
        grade.grade(handed_in, **{option: value})


def test_a_data_folder_that_is_not_there_ends_it_before_it_starts(
    handed_in, tmp_path, monkeypatch
):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "missing"))
    monkeypatch.setattr(grade, "release", pytest.fail)
    with pytest.raises(ValueError, match="COURSE_DATA must be a folder, got .*missing"):
        grade.grade(handed_in)


def test_whatever_goes_wrong_with_one_submission_is_its_own_row(
    handed_in, tmp_path, monkeypatch
):
    (tmp_path / "bo").mkdir()
    (tmp_path / "bo" / f"{LABS[0]}.ipynb").write_text("{}", "utf-8")

    def read(path):
        raise {"ada": PermissionError(13, "Permission denied"), "bo": KeyError("odd")}[
            path.parent.name
        ]

    monkeypatch.setattr(grade.intake, "read", read)
    monkeypatch.setattr(grade, "release", lambda labs: None)
    rows = grade.grade(tmp_path, isolated=False)
    assert {row["student"]: row["status"] for row in rows} == {
        "ada": "cannot be read: Permission denied",
        "bo": "could not be graded: KeyError: 'odd'",
    }


def test_another_labs_notebook_is_not_graded_where_one_lab_is_asked_for(
    handed_in, tmp_path, monkeypatch
):
    (tmp_path / "ada" / f"{LABS[1]}.ipynb").write_text("{}", "utf-8")
    released = []
    monkeypatch.setattr(grade, "release", released.extend)
    monkeypatch.setattr(grade, "grade_one", lambda each, **limits: "is read")
    rows = grade.grade(tmp_path, lab=LABS[0], isolated=False)
    assert released == [LABS[0]]
    assert {row["lab"]: row["status"] for row in rows} == {
        LABS[0]: "is read",
        LABS[1]: f"is another lab's notebook, not {LABS[0]}",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["grade", "missing"], "course: No folder and no zip file 'missing'."),
        (["release", "lab99"], f"course: No lab 'lab99'. There are: labs/{LABS[0]}"),
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
    if bounds.missing_bounds():
        pytest.skip(f"no sandbox here: {'; '.join(bounds.missing_bounds())}")
    return {row["student"]: row for row in grade.grade(folder, **options)}


@pytest.mark.labs
@pytest.mark.parametrize("lab", LABS)
def test_points_are_those_that_the_work_deserves(lab, tmp_path):
    grade.release([lab])
    second, second_points = every_second(lab)
    submissions = {
        ("perfect", lab): loud(lab),
        ("second", lab): second,
        ("empty", lab): student_copy(lab),
    }
    if lab == LAB:
        submissions["no_tests", lab] = without_tests(lab)
    rows = grade_all(tmp_path, submissions)
    assert {row["status"] for row in rows.values()} == {"graded"}
    expected = {"perfect": points_of(lab), "second": second_points}
    for student, row in rows.items():
        assert row["score"] == expected.get(student, 0), student
    waiting = {student for student, row in rows.items() if row["needs_manual_grade"]}
    assert waiting == {"perfect", "second"}  # those that answered in words
    feedback = grade.build_folder() / "feedback" / "second" / lab / f"{lab}.html"
    feedback = feedback.read_text("utf-8")
    assert f"{second_points:.1f} / 20.0" in feedback
    (first, *_) = parts_of(lab)
    assert f"the model answer stands in for: {first['defines'][0]}" in feedback
    assert "HIDDEN TESTS" not in feedback and "Hidden tests ran here" in feedback


@pytest.mark.labs
def test_points_given_by_a_person_survive_grading_again(tmp_path):
    lab = LABS[0]
    grade.release([lab])
    (before,) = grade_all(tmp_path, {("ada", lab): solved(lab)}).values()
    assert before["needs_manual_grade"]
    with marks.gradebook() as gradebook:
        for entry in gradebook.find_submission(lab, "ada").notebooks[0].grades:
            if entry.cell.cell_type == "markdown":
                entry.manual_score, entry.needs_manual_grade = 2.0, False
        gradebook.db.commit()
    (after,) = grade.grade(tmp_path)
    assert after["score"] == before["score"] + 2
    assert after["needs_manual_grade"]  # nbgrader wants them looked at once more


@pytest.mark.labs
def test_a_test_that_was_wrong_is_mended_and_graded_again(tmp_path, monkeypatch):
    """The tests of the source count, not those that the students were given."""
    lab, sources = "lab06_transformer", tmp_path / "sources"
    wrong, original = source_of(lab), command.nbgrader
    test = next(c for c in wrong.cells if "### BEGIN HIDDEN TESTS" in c.source)
    test.source = test.source.replace(
        "### BEGIN HIDDEN", "assert False\n### BEGIN HIDDEN"
    )
    (sources / lab).mkdir(parents=True)
    path = sources / lab / f"{lab}.ipynb"

    def from_sources(*arguments, **options):
        original(*arguments, f"--CourseDirectory.source_directory={sources}", **options)

    monkeypatch.setattr(command, "nbgrader", from_sources)
    nbformat.write(wrong, path)
    grade.release([lab])
    (before,) = grade_all(tmp_path / "in", {("ada", lab): solved(lab)}).values()
    assert before["score"] == points_of(lab) - test.metadata.nbgrader.points
    nbformat.write(source_of(lab), path)
    (after,) = grade.grade(tmp_path / "in")
    assert after["score"] == points_of(lab)


@pytest.mark.labs
def test_bad_submissions_are_named_and_the_rest_are_graded(tmp_path):
    grade.release([LAB])
    submissions = {(name, LAB): with_code(LAB, code) for name, code in BAD.items()}
    submissions |= {("no_json", LAB): '{"cells": [', ("no_notebook", LAB): "[1]"}
    submissions |= {(name, LAB): solved(LAB) for name in ("good", "br[ab]ck", "*")}
    done = []
    rows = grade_all(
        tmp_path,
        submissions,
        seconds=300,
        cell_seconds=40,
        on_graded=lambda submission, status: done.append(submission),
    )
    assert sorted(done) == sorted(submissions)
    status = {student: row["status"] for student, row in rows.items()}
    assert "stopped after 40 s" in status["loops"]
    assert status["stubborn"] == "a cell could not be interrupted"
    assert "memory" in status["greedy"]
    assert "died" in status["dies"]
    assert "more than 4096 MiB of memory together" in status["multiplies"]
    assert status["reaches"] == "graded; rebinds get_ipython: look at it by hand"
    assert status["no_json"] == "is not valid JSON"
    assert status["no_notebook"] == "is no notebook of format 4"
    for student in (*HARMLESS, "good", "br[ab]ck", "*"):
        assert status[student] == "graded", student
        assert rows[student]["score"] == points_of(LAB), student
    assert (ROOT / "pyproject.toml").exists()
    graded = grade.build_folder() / "autograded"
    peeked = graded / "peeks" / LAB / f"{LAB}.ipynb"
    assert "FileNotFoundError" in peeked.read_text("utf-8")
    from course.labs import execute  # it needs nbgrader

    for student in ("floods", "drips"):
        size = (graded / student / LAB / f"{LAB}.ipynb").stat().st_size
        assert size < 2 * execute.OUTPUT_BYTES
    with open(grade.build_folder() / "marks.csv", newline="", encoding="utf-8") as file:
        assert set(rows) <= {row["student"] for row in csv.DictReader(file)}
    assert statistics.fmean(row["max_score"] for row in rows.values()) == 20


@pytest.mark.labs
def test_a_submission_that_takes_too_long_is_stopped_as_a_whole(tmp_path):
    grade.release([LAB])
    slow = {("slow", LAB): with_code(LAB, BAD["loops"])}
    rows = grade_all(tmp_path, slow, seconds=20, cell_seconds=40)
    assert "stopped after 20 s" in rows["slow"]["status"]


@pytest.mark.labs
def test_lost_cells_and_marks_cost_no_points(tmp_path):
    grade.release([LAB])
    no_tests, no_marks, twice = solved(LAB), solved(LAB), solved(LAB)
    no_tests.cells = [c for c in no_tests.cells if not c.metadata.nbgrader.grade]
    for cell in no_marks.cells:
        cell.metadata = {}
    twice.cells.insert(0, copy.deepcopy(answer_cells(twice)[0]))
    submissions = {("no_tests", LAB): no_tests, ("no_marks", LAB): no_marks}
    submissions["twice", LAB] = json.dumps(twice)  # nbformat would give the copy an id
    rows = grade_all(tmp_path, submissions)
    for student, said in (
        ("no_tests", "cells restored"),
        ("no_marks", "nbgrader's mark restored"),
        ("twice", "is there twice: the last counts"),
    ):
        assert rows[student]["score"] == points_of(LAB), student
        assert said in rows[student]["status"]


@pytest.mark.labs
def test_a_script_of_a_student_does_not_run_in_the_feedback(tmp_path):
    grade.release([LAB])
    code = "from IPython.display import HTML, display\ndisplay(HTML('<script>bad()'))"
    grade_all(tmp_path, {("ada", LAB): with_code(LAB, code)})
    feedback = grade.build_folder() / "feedback" / "ada" / LAB / f"{LAB}.html"
    assert "<script>bad()" not in feedback.read_text("utf-8")


@pytest.mark.labs
def test_ctrl_c_ends_at_once_and_keeps_what_was_graded(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_LABS", str(tmp_path / "build"))
    grade.release([LAB])
    handed_in = tmp_path / "submissions"
    for student in ("first", "second", "third"):
        (handed_in / student).mkdir(parents=True)
        notebook = solved(LAB) if student == "first" else with_code(LAB, LOOP)
        nbformat.write(notebook, handed_in / student / f"{LAB}.ipynb")
    words = ["labs", "grade", str(handed_in), "--jobs", "1", "--cell-seconds", "250"]
    code = (  # a program started in the background inherits a deaf ear for Ctrl+C
        "import signal, sys; from course import cli\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"sys.exit(cli.main({words}))"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) as process:
        table = tmp_path / "build" / "marks.csv"
        while not table.exists() or "first" not in table.read_text("utf-8"):
            assert process.poll() is None
        started = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        _, alive = psutil.wait_procs(started, timeout=10)
    assert not alive
    (row,) = csv.DictReader(table.read_text("utf-8").splitlines())
    assert (row["student"], float(row["score"])) == ("first", points_of(LAB))
