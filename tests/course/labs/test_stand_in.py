"""The model answer takes the place of what has failed, and of nothing else."""

import nbformat
import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed (group teach)")

from course.labs import execute, grade, stand_in

from lab_runs import parts_of

LABS = grade.names()


def cell_of(name, source, **mark):
    cell = nbformat.v4.new_code_cell(source)
    mark = {"solution": False, "grade": False, "points": 2} | mark
    cell.metadata["nbgrader"] = {"grade_id": name} | mark
    return cell


def lab():
    model = "def {0}():\n    ### BEGIN SOLUTION\n    return {1}\n    ### END SOLUTION"
    cells = [
        cell_of("setup", "import math"),
        cell_of("one", model.format("one", 1), solution=True),
        cell_of("use", "first = one()"),
        cell_of("one-tests", "assert one() == 1", grade=True),
        cell_of("two", model.format("two", "one() + 1"), solution=True),
        cell_of("two-tests", "assert two() == first + 1", grade=True),
        cell_of("two-more", "assert two() == 2", grade=True),
        cell_of("three", model.format("three", "two() + 1"), solution=True),
        cell_of("three-tests", "assert three() == 3", grade=True),
    ]
    return nbformat.v4.new_notebook(cells=cells)


def test_a_part_is_an_answer_and_what_follows_it():
    one, two, three = stand_in.parts_of(lab())
    assert (one["name"], one["defines"]) == ("one", ["one"])
    assert one["cells"] == {"one", "use", "one-tests"}
    assert one["code"] == ["def one():\n    return 1\n", "first = one()"]
    assert two["cells"] == {"two", "two-tests", "two-more"}
    assert len(two["code"]) == len(three["code"]) == 1


@pytest.mark.parametrize(
    ("answer", "failed", "expected"),
    [
        ("one", {"one", "one-tests"}, []),
        ("two", {"one-tests"}, ["one"]),
        ("two", {"two-tests"}, []),
        ("three", {"use", "two"}, ["one", "two"]),
        ("three", {"setup", "three-tests"}, []),
        ("four", {"one-tests"}, []),
    ],
)
def test_what_failed_before_an_answer_is_needed(answer, failed, expected):
    found = stand_in.needed(stand_in.parts_of(lab()), answer, failed)
    assert [part["name"] for part in found] == expected


@pytest.mark.parametrize("name", LABS)
def test_each_part_of_each_lab_defines_something_and_has_a_test(name):
    parts = parts_of(name)
    assert len(parts) >= 3
    for part in parts:
        assert part["defines"] and "SOLUTION" not in part["code"][0]
        assert any("tests" in cell or "better" in cell for cell in part["cells"])


def graded(monkeypatch, **answers):
    """Run the small lab as grading does, in this process; return its cells."""
    namespace = {}

    def execute_cell(self, cell, index, store_history=True):
        cell.outputs = []
        try:
            exec(cell.source, namespace)
        except Exception as error:
            name = type(error).__name__
            said = nbformat.v4.new_output("error", ename=name, evalue=str(error))
            cell.outputs.append(said)
        return cell

    monkeypatch.setattr(execute.Execute, "execute_cell", execute_cell)
    client, notebook = execute.Execute(), lab()
    monkeypatch.setattr(client, "_check_assign_resources", lambda resources: None)
    client.prepare(notebook, stand_in.parts_of(lab()))
    for index, cell in enumerate(notebook.cells):
        name = cell.metadata.nbgrader.grade_id
        cell.source = answers.get(name, cell.source)
        client.preprocess_cell(cell, {}, index)
    return {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells}


def failed(cells):
    return {
        name
        for name, cell in cells.items()
        if any(output.output_type == "error" for output in cell.outputs)
    }


def test_a_missing_part_costs_its_own_points_alone_and_the_others_say_so(monkeypatch):
    cells = graded(monkeypatch, one="def one():\n    raise NotImplementedError")
    assert failed(cells) == {"use", "one-tests"}
    for name in ("two-tests", "two-more", "three-tests"):
        assert "model answer stands in for: one." in cells[name].outputs[0].text
    assert not cells["two"].outputs
    assert len(cells["one-tests"].outputs) == 1


def test_a_wrong_part_is_replaced_though_it_raises_nothing(monkeypatch):
    cells = graded(monkeypatch, one="def one():\n    return 7", two="def (")
    assert failed(cells) == {"one-tests", "two", "two-tests", "two-more"}
    assert "stands in for: one, two." in cells["three-tests"].outputs[0].text


def test_nothing_stands_in_for_right_answers_or_for_oneself(monkeypatch):
    assert not any(cell.outputs for cell in graded(monkeypatch).values())
    stub = "def {}():\n    raise NotImplementedError"
    stubs = {name: stub.format(name) for name in ("one", "two", "three")}
    tests = {"use", "one-tests", "two-tests", "two-more", "three-tests"}
    assert failed(graded(monkeypatch, **stubs)) == tests
