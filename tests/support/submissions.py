"""Make submissions to a lab from its source: perfect, half, empty and cheating ones."""

import copy
import runpy

from course.labs.release import build_folder
from helpers.files import NOTEBOOKS, ROOT

import nbformat

SOURCES = NOTEBOOKS / "labs"
CHEATS = ROOT / "tests" / "course" / "labs" / "cheats"
MARKS = ("### BEGIN SOLUTION", "### END SOLUTION")


def source_of(lab):
    return nbformat.read(SOURCES / lab / f"{lab}.ipynb", as_version=4)


def student_copy(lab):
    """Return the released notebook, which is also the empty submission."""
    return nbformat.read(
        build_folder() / "release" / lab / f"{lab}.ipynb", as_version=4
    )


def solved(lab, how_many=None):
    """Return a submission with the first `how_many` code answers right, or all."""
    notebook = student_copy(lab)
    answers = {
        cell.metadata.nbgrader.grade_id: cell.source for cell in source_of(lab).cells
    }
    for cell in answer_cells(notebook)[:how_many]:
        cell.source = answers[cell.metadata.nbgrader.grade_id]
        for mark in MARKS:
            cell.source = cell.source.replace(mark, "")
    if how_many is None:
        written_answer(notebook).source = "Because the loss never asked about them."
    return notebook


def without_tests(lab):
    """Return an empty submission in which each test is replaced by `pass`."""
    notebook = student_copy(lab)
    for cell in test_cells(notebook):
        cell.source = "pass"
    return notebook


def hard_coded(lab):
    """Return `(submission, points)`: answers written for the visible tests alone."""
    cheat = runpy.run_path(str(CHEATS / f"{lab}.py"))
    notebook = student_copy(lab)
    cells = {cell.metadata.nbgrader.grade_id: cell for cell in answer_cells(notebook)}
    for name, source in cheat["CELLS"].items():
        cells[name].source = source
    return notebook, cheat["POINTS"]


def with_code(lab, code):
    """Return a right submission that also runs `code` in its first answer."""
    notebook = copy.deepcopy(solved(lab))
    answer_cells(notebook)[0].source += f"\n{code}"
    return notebook


def answer_cells(notebook):
    return [cell for cell in code_cells(notebook) if cell.metadata.nbgrader.solution]


def written_answer(notebook):
    (cell,) = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "markdown" and cell.metadata.nbgrader.grade
    ]
    return cell


def test_cells(notebook):
    return [cell for cell in code_cells(notebook) if cell.metadata.nbgrader.grade]


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def points_of(lab, how_many=None):
    """Return the points of the tests behind the first `how_many` answers, or all."""
    points, answers = 0, 0
    for cell in code_cells(source_of(lab)):
        answers += cell.metadata.nbgrader.solution
        if cell.metadata.nbgrader.grade and (how_many is None or answers <= how_many):
            points += cell.metadata.nbgrader.points
    return points
