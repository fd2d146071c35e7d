from course import cli, results, run
from helpers import catalogue

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook


@pytest.fixture
def school(tmp_path, monkeypatch):
    """A course of three lessons: one that works, one that fails, one that dies."""
    for folder in ("notebooks", "outputs", "data"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(catalogue, "NOTEBOOKS", tmp_path / "notebooks")
    for module in (cli, run):
        monkeypatch.setattr(module, "OUTPUTS", tmp_path / "outputs")
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    monkeypatch.setattr(results, "RESULTS", tmp_path / "data" / "results.json")
    cells = {
        "01_works": [
            ("def double(x):\n    return 2 * x", "export"),
            ("answer = double(21)\nprint(answer)", ""),
            (
                "from helpers.ledger import record\n"
                "record('01_works', 'answer', answer, unit='one')",
                "",
            ),
        ],
        "02_fails": [("1 / 0", ""), ("print('never')", "")],
        "03_dies": [("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "")],
    }
    for name, sources in cells.items():
        notebook = new_notebook(cells=[new_markdown_cell(f"# Title of {name}")])
        for source, tag in sources:
            cell = new_code_cell(source)
            cell.metadata["tags"] = [tag] if tag else []
            notebook.cells.append(cell)
        nbformat.write(notebook, tmp_path / "notebooks" / f"{name}.ipynb")
    return tmp_path


def test_a_run_keeps_outputs_and_results_with_their_circumstances(school, capsys):
    readme = school / "README.md"
    readme.write_text(f"before\n{cli.BEGIN}\nold\n{cli.END}\nafter\n")
    assert cli.main(["run", "01", "--budget", "cpu", "--seed", "5", "--write"]) == 0

    rows = {row["metric"]: row for row in results.load()}
    assert rows.keys() == {"answer", "run_seconds", "peak_mib"}
    assert rows["answer"]["value"] == 42 and rows["answer"]["seed"] == 5
    assert rows["answer"]["budget"] == "cpu"
    assert rows["answer"]["seconds"] == rows["run_seconds"]["value"] > 0
    assert rows["answer"]["peak_mib"] == rows["peak_mib"]["value"] > 0

    for folder in ("outputs", "notebooks"):
        executed = nbformat.read(school / folder / "01_works.ipynb", as_version=4)
        counts = [c.execution_count for c in executed.cells if c.cell_type == "code"]
        assert counts == [1, 2, 3]
        assert executed.cells[2].outputs[0].text == "42\n"

    assert cli.main(["results"]) == 0
    text = readme.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n")
    assert "| 01_works | answer | 42 |" in text and "old" not in text
    assert "| 01_works | answer | 42 |" in capsys.readouterr().out


def test_solutions_run_in_their_own_folder_and_are_not_recorded(school):
    (school / "notebooks" / "solutions").mkdir()
    cell = new_code_cell("import pathlib\nprint(pathlib.Path.cwd().name)")
    path = school / "notebooks" / "solutions" / "01_works.ipynb"
    nbformat.write(new_notebook(cells=[cell]), path)
    arguments = ["run", "solutions/01", "--budget", "cpu", "--write"]
    assert cli.main(arguments) == 0
    executed = nbformat.read(path, as_version=4)
    assert executed.cells[0].outputs[0].text == "solutions\n"
    assert results.load() == []


def test_failing_lessons_are_named_and_the_rest_still_runs(school, capsys):
    before = (school / "notebooks" / "02_fails.ipynb").read_text()
    assert cli.main(["run", "02", "03", "--budget", "smoke"]) == 1
    told = capsys.readouterr()
    assert "02_fails: cell 2 raised ZeroDivisionError: division by zero" in told.err
    assert "03_dies: the kernel died in cell 2" in told.err
    assert (school / "outputs" / "02_fails.ipynb").exists()
    assert (school / "notebooks" / "02_fails.ipynb").read_text() == before


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["run", "17"], "No page '17'"),
        (["run", "01", "--seed", "-1"], "--seed must be a whole number"),
        (["results"], "README.md"),
    ],
)
def test_the_command_answers_in_one_line_without_traceback(
    school, capsys, arguments, message
):
    assert cli.main(arguments) == 1
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1
    assert "Traceback" not in told


def test_a_misspelt_budget_is_one_line(school, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_BUDGET", "smok")
    assert cli.main(["run", "01"]) == 1
    assert "smoke, cpu, gpu, got 'smok'" in capsys.readouterr().err


def test_an_unwritable_folder_is_one_line(school, capsys):
    (school / "outputs").rmdir()
    (school / "outputs").write_text("a file where the folder should be")
    assert cli.main(["run", "01", "--budget", "smoke"]) == 1
    told = capsys.readouterr().err
    assert "outputs" in told and "Traceback" not in told


def test_list_names_lessons_with_their_titles(school, capsys):
    assert cli.main(["list"]) == 0
    assert "01_works                  Title of 01_works" in capsys.readouterr().out


def test_saved_notebooks_hold_no_progress_bar(tmp_path):
    notebook = new_notebook(cells=[new_code_cell("train()")])
    bar = {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "0%"}
    notebook.cells[0].outputs = [
        nbformat.v4.new_output("display_data", data=bar),
        nbformat.v4.new_output("stream", text="done\n"),
    ]
    run.save(notebook, tmp_path / "lesson.ipynb")
    saved = nbformat.read(tmp_path / "lesson.ipynb", as_version=4)
    assert [output.output_type for output in saved.cells[0].outputs] == ["stream"]
