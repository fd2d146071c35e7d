"""What comes from a kernel is bounded, and stderr costs no points."""

import json

import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed (group teach)")

from course.labs import execute

import nbformat
from nbgrader.utils import determine_grade


@pytest.fixture
def cell():
    cell = nbformat.v4.new_code_cell("check()")
    cell.metadata["nbgrader"] = {"grade": True, "solution": False, "points": 3}
    return cell


def client_of(*cells):
    client = execute.Execute(timeout=60)
    client.nb = nbformat.v4.new_notebook(cells=list(cells))
    client.reset_execution_trackers()
    client.clear_before_next_output = False  # as at the start of each cell
    return client


def say(cell, *messages, client=None):
    """Send a cell what a kernel would send; return the client that took it."""
    client = client or client_of(cell)
    for kind, content in messages:
        message = {"msg_type": kind, "content": content, "parent_header": {}}
        message["header"] = {"msg_type": kind}
        client.process_message(message, cell, 0)
    return client


def stream(text, name="stdout"):
    return "stream", {"name": name, "text": text}


def error(ename="ValueError", evalue="no", traceback=("line",)):
    content = {"ename": ename, "evalue": evalue, "traceback": list(traceback)}
    return "error", content


def result(text):
    data = {"text/plain": text}
    return "execute_result", {"data": data, "metadata": {}, "execution_count": 1}


def size_of(cell):
    return len(json.dumps(cell.outputs))


def test_a_warning_costs_no_points(cell):
    say(cell, stream("UserWarning: divide by zero\n", "stderr"))
    assert determine_grade(cell) == (3, 3)
    assert "divide by zero" in cell.outputs[0].text


def test_an_error_costs_the_points(cell):
    say(cell, stream("careful\n", "stderr"), error())
    assert determine_grade(cell) == (0, 3)


@pytest.mark.parametrize("length", [200, 200_000_000 // 20])
def test_output_is_cut_and_says_so(length, cell):
    say(cell, *[stream("x" * length) for _ in range(40 * 2**20 // length)])
    assert size_of(cell) < 4 * execute.OUTPUT_BYTES
    texts = [output.text for output in cell.outputs]
    assert sum(map(len, texts)) <= execute.OUTPUT_BYTES + len(execute.CUT) + 1
    assert texts[-1].endswith(execute.CUT) and execute.CUT not in "".join(texts[:-1])
    assert determine_grade(cell) == (3, 3)


def test_the_bound_is_one_for_all_cells(cell):
    other = nbformat.v4.new_code_cell()
    client = say(cell, stream("x" * execute.OUTPUT_BYTES))
    say(other, stream("y" * 1000), stream("y" * 1000), client=client)
    assert size_of(other) < 500


def test_pictures_and_widgets_are_bounded_too(cell):
    picture = {"data": {"image/png": "x" * execute.OUTPUT_BYTES}, "metadata": {}}
    state = {"comm_id": "1", "data": {"state": {"value": "x" * execute.OUTPUT_BYTES}}}
    client = say(cell, ("display_data", picture), ("comm_open", state))
    assert cell.outputs == [] and client.widget_state == {}


def test_a_flood_does_not_hide_an_error_or_partial_credit(cell):
    flood = stream("x" * 2 * execute.OUTPUT_BYTES)
    say(cell, flood, error())
    assert determine_grade(cell) == (0, 3)
    cell.outputs = []
    say(cell, flood, result("1.5"))
    assert determine_grade(cell) == (1.5, 3)


def test_a_long_error_is_cut(cell):
    client = say(cell, error(evalue="x" * 10**7, traceback=["first", "x" * 10**7]))
    reply = {"content": {"status": "error", "ename": "ValueError"}}
    client.on_cell_executed(cell=cell, execute_reply=reply)
    assert size_of(cell) < 3 * execute.ERROR_CHARS
    assert cell.outputs[0].ename == "ValueError"
    assert cell.outputs[0].traceback[0].startswith("first")


def test_setup_before_the_first_answer_may_take_long(cell):
    def marked(**mark):
        cell = nbformat.v4.new_code_cell()
        cell.metadata["nbgrader"] = mark
        return cell

    setup, own = marked(locked=True), nbformat.v4.new_code_cell()
    answer, run = marked(solution=True), marked(locked=True)
    cells = [setup, own, answer, run]
    client = client_of(*cells)
    client.find_unhurried(client.nb)
    assert [client.seconds_for(each) for each in cells] == [None, 60, 60, 60]
