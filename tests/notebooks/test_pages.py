"""What nbval cannot see: how the notebook files are made."""

import itertools
import json
import re
import statistics

from helpers import catalogue
from helpers.files import NOTEBOOKS

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

HEADINGS = ("Setup", "Hyperparameters", "Summary", "Exercises", "References")


def each(*kinds):
    """Parametrise a test over the paths of all pages of these kinds."""
    found = catalogue.pages(*kinds)
    ids = [page.name for page in found]
    return pytest.mark.parametrize("path", [page.path for page in found], ids=ids)


pages = each("lesson", "further")
notebooks = each("lesson", "further", "solution", "project")


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def faults(cells, *, is_core):
    """Return what is wrong with a page's size and with the cut of its cells.

    Args:
        cells: list of notebook cells.
        is_core: bool. Whether the page is a lesson, which a class does in an hour.

    Returns:
        list of str; the page is as it must be where it is empty.
    """
    code = [cell for cell in cells if cell.cell_type == "code" and cell.source]
    lengths = [len(cell.source.splitlines()) for cell in code]
    found = []
    if is_core and len(cells) > 90:
        found.append(f"{len(cells)} cells, at most 90")
    if is_core and sum(lengths) > 500:
        found.append(f"{sum(lengths)} lines of code, at most 500")
    for above, cell in itertools.pairwise(cells):
        if above.cell_type == cell.cell_type == "code":
            found.append(f"no sentence between {above.id} and {cell.id}")
    if not 3 <= statistics.median(lengths) <= 15:
        found.append(f"a median of {statistics.median(lengths)} lines, 3 to 15")
    for cell, length in zip(code, lengths, strict=True):
        if length > 40:
            found.append(f"{length} lines in {cell.id}, at most 40")
        elif length > 25 and not re.search(r"^class ", cell.source, re.MULTILINE):
            found.append(f"{length} lines in {cell.id}, more than 25, and no class")
    return found


def tags(cell):
    return cell.metadata.get("tags", [])


def stems(kind):
    return [page.stem for page in catalogue.pages(kind)]


def test_each_lesson_has_its_solutions():
    assert stems("solution") == stems("lesson")


def test_each_further_page_has_its_lesson():
    assert set(stems("further")) <= set(stems("lesson"))


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


@pages
def test_a_page_has_the_sections_of_every_page(path):
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


@pages
def test_a_page_is_short_and_prose_leads_to_each_cell(path):
    [page] = [page for page in catalogue.pages() if page.path == path]
    found = faults(read(path).cells, is_core=page.kind == "lesson")
    assert not found, "\n".join(found)


def some_cells(*lengths):
    """Return cells, each of code of that many lines below a sentence."""
    return [
        cell
        for length in lengths
        for cell in (new_markdown_cell("Why."), new_code_cell("x\n" * length))
    ]


def test_a_page_within_its_limits_has_no_fault():
    assert faults(some_cells(*[10] * 45), is_core=True) == []
    model = new_code_cell("class Model:\n" + "    x\n" * 39)
    cells = [*some_cells(3, 3, 25), new_markdown_cell("Why."), model]
    assert faults(cells, is_core=True) == []


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (some_cells(*[3] * 46), "92 cells"),
        (some_cells(*[15] * 34), "510 lines of code"),
        ([*some_cells(5), new_code_cell("x\n" * 5)], "no sentence between"),
        (some_cells(1, 2, 2), "a median of 2 lines"),
        (some_cells(16, 16, 5), "a median of 16 lines"),
        (some_cells(5, 5, 26), "26 lines"),
        ([*some_cells(5, 5, 5)[:-1], new_code_cell("class A:\n" * 41)], "41 lines"),
    ],
)
def test_a_page_beyond_a_limit_is_told_which(cells, message):
    [fault] = faults(cells, is_core=True)
    assert message in fault


def test_a_further_page_may_be_long_but_not_without_sentences():
    cells = some_cells(*[15] * 50)
    assert faults(cells, is_core=False) == []
    [fault] = faults([*cells, new_code_cell("x\n" * 5)], is_core=False)
    assert "no sentence between" in fault


@pages
def test_prose_carries_the_code(path):
    cells = read(path).cells
    words = sum(len(c.source.split()) for c in cells if c.cell_type == "markdown")
    lines = sum(len(c.source.splitlines()) for c in cells if c.cell_type == "code")
    assert words >= 4 * lines


@pages
def test_no_hyperparameter_is_set_twice(path):
    constants = [
        name
        for cell in code_cells(path)
        for name in re.findall(r"^([A-Z][A-Z_0-9]+) = ", cell.source, re.MULTILINE)
    ]
    assert len(constants) == len(set(constants))


@pages
def test_the_exercises_are_checked_here_and_solved_in_the_solutions(path):
    """A lesson's exercises and those of its further page have one notebook."""
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
            for target in re.findall(
                r"\]\(([\w./-]+\.ipynb)(?:#[^)]*)?\)", cell.source
            ):
                assert (path.parent / target).exists(), target


@each("further")
def test_a_further_page_asks_no_quiz(path):
    assert not any("show_quiz" in cell.source for cell in read(path).cells)


@notebooks
def test_results_are_json_that_git_can_compare(path):
    text = path.read_text("utf-8")
    assert json.loads(text)["cells"]
    assert text.endswith("}\n")
