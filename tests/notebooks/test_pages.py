"""What nbval cannot see: how the notebook files are made."""

import json
import re
import statistics

from helpers import catalogue
from helpers.files import NOTEBOOKS

import nbformat
import pytest

LESSONS = [page.path for page in catalogue.pages("lesson")]
FURTHER = [page.path for page in catalogue.pages("further")]
SOLUTIONS = [page.path for page in catalogue.pages("solution")]
HEADINGS = ("Setup", "Hyperparameters", "Summary", "Exercises", "References")


def name_of(path):
    return f"{path.parent.name}/{path.stem}"


lessons = pytest.mark.parametrize("path", LESSONS, ids=name_of)
notebooks = pytest.mark.parametrize("path", LESSONS + FURTHER + SOLUTIONS, ids=name_of)


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def tags(cell):
    return cell.metadata.get("tags", [])


def test_each_lesson_has_its_solutions():
    assert [path.name for path in SOLUTIONS] == [path.name for path in LESSONS]


@notebooks
def test_a_notebook_is_valid_and_names_the_plain_kernel(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert "widgets" not in notebook.metadata


@notebooks
def test_outputs_are_those_of_one_run_from_the_top(path):
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))


@notebooks
def test_only_unsolved_exercises_may_show_an_error(path):
    for cell in code_cells(path):
        failed = any(output.output_type == "error" for output in cell.outputs)
        assert not failed or "raises-exception" in tags(cell), cell.source


@notebooks
def test_a_notebook_holds_no_path_of_a_machine_and_stays_small(path):
    text = path.read_text("utf-8")
    assert not re.search(r"/(root|home|tmp|work|Users)/\w", text)
    assert path.stat().st_size <= 500_000
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            assert "base64" not in cell.source


@notebooks
def test_outputs_hold_no_warning(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            if output.output_type == "stream":
                assert output.name == "stdout", output.text


@lessons
def test_a_lesson_has_the_sections_of_every_lesson(path):
    text = "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")
    found = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert [heading for heading in found if heading in HEADINGS] == list(HEADINGS)


@notebooks
def test_headings_come_in_order(path):
    levels = [
        len(marks)
        for cell in read(path).cells
        if cell.cell_type == "markdown"
        for marks in re.findall(r"^(#+) ", without_code(cell.source), re.MULTILINE)
    ]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))


def without_code(text):
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


@lessons
def test_cells_hold_one_idea_each(path):
    lengths = [len(c.source.splitlines()) for c in code_cells(path) if c.source]
    assert statistics.median(lengths) <= 6
    assert max(lengths) <= 40


@lessons
def test_prose_carries_the_code(path):
    cells = read(path).cells
    words = sum(len(c.source.split()) for c in cells if c.cell_type == "markdown")
    lines = sum(len(c.source.splitlines()) for c in cells if c.cell_type == "code")
    assert words >= 4 * lines


@lessons
def test_no_hyperparameter_is_set_twice(path):
    constants = [
        name
        for cell in code_cells(path)
        for name in re.findall(r"^([A-Z][A-Z_0-9]+) = ", cell.source, re.MULTILINE)
    ]
    assert len(constants) == len(set(constants))


@lessons
def test_the_exercises_are_checked_here_and_solved_in_the_solutions(path):
    solved = {
        cell.source
        for cell in code_cells(NOTEBOOKS / "solutions" / path.name)
        if "raises-exception" not in tags(cell)
    }
    checks = [cell for cell in code_cells(path) if "raises-exception" in tags(cell)]
    assert 3 <= len(checks) <= 5
    for check in checks:
        assert "assert" in check.source
        assert check.source in solved, check.source


@notebooks
def test_images_have_a_text_and_exist(path):
    for cell in read(path).cells:
        if cell.cell_type != "markdown":
            continue
        for text, target in re.findall(r"!\[(.*?)\]\((.*?)\)", cell.source, re.DOTALL):
            assert len(text) > 20, target
            assert (path.parent / target).exists(), target


@notebooks
def test_links_between_notebooks_lead_somewhere(path):
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\(([\w./]+\.ipynb)\)", cell.source):
                assert (path.parent / target).exists(), target


@notebooks
def test_results_are_json_that_git_can_compare(path):
    text = path.read_text("utf-8")
    assert json.loads(text)["cells"]
    assert text.endswith("}\n")
