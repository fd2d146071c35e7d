"""What an answer rebinds is found; what only looks like it is not."""

from course.labs.rebound import rebound
from helpers.catalogue import pages

import nbformat
import pytest
from lab_runs import BANK, bank_of

SETUP = """
from helpers.page.checks import check_close, check_shape
from helpers.data.images import load_digits

import keras
import numpy as np
from keras import layers, ops
"""


def cell_of(name, source, **mark):
    cell = nbformat.v4.new_code_cell(source)
    cell.metadata["nbgrader"] = {"grade_id": name, "locked": False} | mark
    return cell


def lab(answer, *more):
    cells = [
        cell_of("setup", SETUP, locked=True),
        cell_of("mask", answer, solution=True),
        cell_of("mask-tests", "check_close = check_close", locked=True, grade=True),
        *map(nbformat.v4.new_code_cell, more),
    ]
    return nbformat.v4.new_notebook(cells=cells)


def found_in(answer, *more):
    return rebound(lab(answer, *more), lab("pass"))


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("check_close = lambda *a, **k: None", ["check_close"]),
        ("def check_shape(*a, **k):\n    pass", ["check_shape"]),
        ("class np:\n    pass", ["np"]),
        ("from unittest.mock import MagicMock\nnp = MagicMock()", ["np"]),
        ("import math as np", ["np"]),
        ("from somewhere import check_close", ["check_close"]),
        ("if True:\n    for ops in [1]:\n        pass", ["ops"]),
        ("with open('x') as layers:\n    pass", ["layers"]),
        ("(keras := 1)", ["keras"]),
        ("del check_close", ["check_close"]),
        ("def f():\n    global check_close\n    check_close = print", ["check_close"]),
        ("def f():\n    np.linalg.norm = print", ["np.linalg.norm"]),
        ("np.exp = abs", ["np.exp"]),
        ("setattr(np, 'exp', abs)", ["np"]),
        ("builtins.setattr(ops.nn, 'relu', abs)", ["ops.nn"]),
        ("get_ipython().input_transformers_cleanup.append(f)", ["get_ipython"]),
        ("%matplotlib inline\nnp = 1", ["np"]),
    ],
)
def test_a_new_meaning_is_found(answer, found):
    assert found_in(answer) == found


def test_cells_of_the_students_own_are_looked_at_too():
    assert found_in("pass", "check_close = print", "x = 1") == ["check_close"]


@pytest.mark.parametrize(
    "answer",
    [
        "import numpy as np\nimport keras\nfrom keras import ops",
        "from numpy import exp\nimport math",
        "def f(np):\n    ops = 1\n    return [keras for keras in np]",
        "x = np.zeros(3)\nx[0] = 1\nx.flags.writeable = False",
        "%timeit np.exp(1)\n!ls",
        "def (",
        "",
    ],
)
def test_what_changes_nothing_for_the_tests_is_not_found(answer):
    assert found_in(answer) == []


@pytest.mark.parametrize("name", [page.stem for page in pages("lab")])
def test_no_right_answer_of_the_bank_is_flagged(name):
    released = next(page.read() for page in pages("lab") if page.stem == name)
    assert (BANK / f"{name}.py").exists()
    for codes in bank_of(name)[0].values():
        for code in codes:
            cell = nbformat.v4.new_code_cell(code)
            assert rebound(nbformat.v4.new_notebook(cells=[cell]), released) == []
