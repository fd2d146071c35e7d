import runpy

import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed (group teach)")

from course.labs import feedback, grade
from helpers.files import ROOT

import nbformat
import submissions
import traitlets.config

VISIBLE = 'check_equal("words", count(text), 2, look_at="split")\n'
HIDDEN = 'secret = "a  b"\ncheck_equal(\n    "double blanks", count(secret), 2\n)\n'
REGION = f"### BEGIN HIDDEN TESTS\n{HIDDEN}### END HIDDEN TESTS"


def after(source, *traceback):
    """Return a cell with an error as the feedback has it."""
    error = nbformat.v4.new_output("error", ename="AssertionError", evalue="3, not 2")
    error.traceback = list(traceback)
    cell = nbformat.v4.new_code_cell(source, outputs=[error])
    changed, _ = feedback.HideTests().preprocess_cell(cell, {}, 0)
    return changed


def test_the_code_of_a_hidden_test_is_gone_and_the_visible_stays():
    cell = after(VISIBLE + REGION)
    assert cell.source == VISIBLE + feedback.NOTICE


def test_a_traceback_keeps_the_answer_and_the_message_and_no_hidden_line():
    frame = (
        "Cell In[5], line 4\n"
        '      1 check_equal("words", count(text), 2, look_at="split")\n'
        "\x1b[32m      2\x1b[39m ### BEGIN HIDDEN TESTS\n"
        '\x1b[32m      3\x1b[39m secret = \x1b[33m"a  b"\x1b[39m\n'
        "\x1b[32m----> 4\x1b[39m check_equal(\n"
        '\x1b[32m      5\x1b[39m     "double blanks", count(secret), 2'
    )
    answer = "Cell In[4], line 2, in count(text)\n----> 2     return 3"
    message = "AssertionError: double blanks: got 3, expected 2"
    (error,) = after(VISIBLE + REGION, frame, answer, message).outputs
    told = "\n".join(error.traceback)
    assert "secret" not in told and 'double blanks",' not in told
    assert "HIDDEN TESTS" not in told
    assert 'check_equal("words"' in told
    assert error.traceback[1:] == [answer, message]
    assert error.evalue == "3, not 2"


def test_a_cell_without_hidden_tests_stays_as_it_is():
    frame = "Cell In[4], line 1\n----> 1 secret = 1"
    cell = after("secret = 1", frame)
    assert (cell.source, cell.outputs[0].traceback) == ("secret = 1", [frame])


@pytest.mark.parametrize("lab", grade.names())
def test_no_lab_shows_a_line_of_a_hidden_test(lab):
    for cell in submissions.test_cells(submissions.source_of(lab)):
        visible, hidden = cell.source.split(feedback.BEGIN)
        cell.outputs = []
        shown, _ = feedback.HideTests().preprocess_cell(cell, {}, 0)
        assert feedback.BEGIN not in shown.source
        secret = set(hidden.splitlines()) - set(visible.splitlines())
        assert secret and not secret & set(shown.source.splitlines())


def test_the_course_takes_hidden_tests_out_before_grades_are_shown():
    config = traitlets.config.Config()
    found = runpy.run_path(
        str(ROOT / "nbgrader_config.py"), {"get_config": lambda: config}
    )
    first, *others = config.GenerateFeedback.preprocessors
    assert first is found["HideTests"]
    assert others == found["GenerateFeedback"].preprocessors.default()
