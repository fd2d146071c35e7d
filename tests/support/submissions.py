"""Make submissions to a lab from its source: perfect, half, empty and cheating ones."""

import copy
import re

from course.labs.release import build_folder
from helpers.files import NOTEBOOKS

import nbformat

SOURCES = NOTEBOOKS / "labs"
MARKS = ("### BEGIN SOLUTION", "### END SOLUTION")
WARNS = """
import functools, os, sys, warnings


def _loud(answer):
    @functools.wraps(answer)
    def loud(*args, **settings):
        warnings.warn("careful", stacklevel=1)
        print("careful", file=sys.stderr)
        os.write(2, b"careful")
        return answer(*args, **settings)

    return loud


warnings.simplefilter("always")
for _name in {names}:
    globals()[_name] = _loud(globals()[_name])
"""


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


def loud(lab):
    """Return a right submission that writes to stderr in each call of each answer."""
    notebook = solved(lab)
    for cell in answer_cells(notebook):
        names = re.findall(r"^def (\w+)", cell.source, re.MULTILINE)
        cell.source += WARNS.format(names=names)
    return notebook


def every_second(lab):
    """Return `(submission, points)`: the second, fourth … answer, and no other."""
    notebook, points = solved(lab), 0
    empty = {c.metadata.nbgrader.grade_id: c.source for c in student_copy(lab).cells}
    for cell in answer_cells(notebook)[::2]:
        cell.source = empty[cell.metadata.nbgrader.grade_id]
    for number in range(2, len(answer_cells(notebook)) + 1, 2):
        points += points_of(lab, number) - points_of(lab, number - 1)
    return notebook, points


def without_tests(lab):
    """Return an empty submission in which each test is replaced by `pass`."""
    notebook = student_copy(lab)
    for cell in test_cells(notebook):
        cell.source = "pass"
    return notebook


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
