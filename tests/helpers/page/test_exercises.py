"""An unsolved exercise: one line in a notebook, and still a failed cell."""

from helpers.page import exercises

import nbclient
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook


@pytest.fixture(scope="module")
def outputs():
    """What a notebook shows for a stub's error and for others."""
    sources = {
        "start": "from helpers.page.exercises import greet_unsolved\ngreet_unsolved()",
        "stub": 'raise NotImplementedError("exercise 2")',
        "other": 'raise NotImplementedError("no such backend")',
        "wrong": 'raise AssertionError("shape (3,), expected (4,)")',
    }
    tags = {"tags": ["raises-exception"]}
    cells = [new_code_cell(source, metadata=tags) for source in sources.values()]
    notebook = nbclient.NotebookClient(new_notebook(cells=cells)).execute()
    return dict(zip(sources, (cell.outputs for cell in notebook.cells), strict=True))


def test_a_stub_is_answered_in_a_line_without_traceback(outputs):
    [told] = outputs["stub"]
    assert (told.output_type, told.name) == ("stream", "stdout")
    assert told.text == f"{exercises.sentence('exercise 2')}\n"
    assert told.text.startswith("Exercise 2 is not done yet")


@pytest.mark.parametrize(("cell", "words"), [("other", "backend"), ("wrong", "(4,)")])
def test_any_other_error_keeps_its_traceback(outputs, cell, words):
    [error] = outputs[cell]
    assert error.output_type == "error" and words in error.evalue


def test_a_stub_in_a_cell_that_must_work_still_fails():
    sources = (
        "from helpers.page.exercises import greet_unsolved\ngreet_unsolved()",
        'raise NotImplementedError("exercise 2")',
    )
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    with pytest.raises(CellExecutionError, match="exercise 2"):
        nbclient.NotebookClient(notebook).execute()


def test_outside_of_a_notebook_nothing_happens():
    exercises.greet_unsolved()
