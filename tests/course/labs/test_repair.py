import copy

from course.labs.repair import repair

import nbformat
import pytest


def marked(name, source, *, solution=False, grade=False, make=None):
    cell = (make or nbformat.v4.new_code_cell)(source, id=name)
    cell.metadata["nbgrader"] = {
        **{"grade_id": name, "solution": solution, "grade": grade},
        "locked": not solution,
    }
    return cell


@pytest.fixture
def released():
    return nbformat.v4.new_notebook(
        cells=[
            marked("title", "# Lab", make=nbformat.v4.new_markdown_cell),
            marked("first", "def first():\n    ...", solution=True),
            marked("first-tests", "assert first()", grade=True),
            marked("second", "def second():\n    ...", solution=True),
            marked("second-tests", "assert second()", grade=True),
        ]
    )


@pytest.fixture
def submission(released):
    submission = copy.deepcopy(released)
    submission.cells[1].source = "def first():\n    return True"
    submission.cells[3].source = "def second():\n    return True"
    submission.cells.insert(2, nbformat.v4.new_code_cell("print('a cell of mine')"))
    return submission


def names(notebook):
    return [c.metadata.get("nbgrader", {}).get("grade_id") for c in notebook.cells]


def code_of(name, notebook):
    (cell,) = [
        c
        for c in notebook.cells
        if c.metadata.get("nbgrader", {}).get("grade_id") == name
    ]
    return cell.source


def test_a_whole_submission_stays_as_it_is(submission, released):
    assert repair(submission, released) == (submission, [])


def test_a_deleted_test_comes_back_behind_its_answer(submission, released):
    del submission.cells[3]
    repaired, remarks = repair(submission, released)
    assert remarks == ["1 cell restored"]
    assert code_of("first-tests", repaired) == "assert first()"
    order = [name for name in names(repaired) if name]
    assert order == names(released)


def test_all_tests_deleted_come_back_in_order(submission, released):
    submission.cells = [
        c for c in submission.cells if not c.metadata.get("nbgrader", {}).get("grade")
    ]
    repaired, remarks = repair(submission, released)
    assert remarks == ["2 cells restored"]
    assert [name for name in names(repaired) if name] == names(released)


@pytest.mark.parametrize("ids_stay", [True, False])
def test_lost_marks_come_back_on_the_students_own_cells(ids_stay, submission, released):
    for number, cell in enumerate(submission.cells):
        cell.metadata = {}
        if not ids_stay:
            cell["id"] = f"new-{number}"
    repaired, remarks = repair(submission, released)
    assert remarks == ["nbgrader's mark restored on 5 cells"]
    assert names(repaired) == ["title", "first", None, *names(released)[2:]]
    assert code_of("second", repaired) == "def second():\n    return True"


def test_an_answer_that_cannot_be_found_is_flagged(submission, released):
    del submission.cells[1]
    repaired, remarks = repair(submission, released)
    assert remarks == ["answer 'first' is missing: look for it by hand"]
    assert [name for name in names(repaired) if name] == names(released)


def test_of_a_cell_that_is_there_twice_the_last_counts(submission, released):
    twice = copy.deepcopy(submission.cells[1])
    twice.source = "def first():\n    return 2"
    submission.cells.insert(2, twice)
    repaired, remarks = repair(submission, released)
    assert remarks == ["cell 'first' is there twice: the last counts"]
    assert code_of("first", repaired) == "def first():\n    return 2"


def test_what_was_handed_in_is_not_changed(submission, released):
    del submission.cells[3]
    before = copy.deepcopy(submission)
    repair(submission, released)
    assert submission == before
