import json
import re
import subprocess
import sys

from course import cli, report, results, run
from helpers import catalogue
from helpers.files import ROOT

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

DIES = """\
import os, signal
os.write(2, b"a first line\\nCheck failed: rank == 2\\n")
os.kill(os.getpid(), signal.SIGKILL)"""


@pytest.fixture
def school(tmp_path, monkeypatch):
    """A course: a lesson that works and its further page, one that fails, that dies."""
    for folder in ("notebooks", "outputs", "data"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(catalogue, "NOTEBOOKS", tmp_path / "notebooks")
    for module in (cli, run):
        monkeypatch.setattr(module, "OUTPUTS", tmp_path / "outputs")
    monkeypatch.setattr(report, "ROOT", tmp_path)
    (tmp_path / "README.md").write_text("without a place for tables\n")
    monkeypatch.setattr(results, "RESULTS", tmp_path / "data" / "results.json")
    monkeypatch.setattr(results, "OWN", tmp_path / "outputs" / "results.json")
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
        "further/01_works": [
            (
                "from helpers.ledger import record\n"
                "record('01_works', 'depth', 3, unit='one')",
                "",
            ),
        ],
        "02_fails": [("1 / 0", ""), ("print('never')", "")],
        "03_dies": [(DIES, "")],
    }
    for name, sources in cells.items():
        notebook = new_notebook(cells=[new_markdown_cell(f"# Title of {name}")])
        for source, tag in sources:
            cell = new_code_cell(source)
            cell.metadata["tags"] = [tag] if tag else []
            notebook.cells.append(cell)
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, path)
    return tmp_path


def test_a_run_is_recorded_with_its_circumstances_where_asked_to(school, capsys):
    arguments = ["run", "01", "--budget", "cpu", "--seed", "5", "--record", "--write"]
    assert cli.main(arguments) == 0
    assert "kept in data/results.json" in capsys.readouterr().out
    assert not results.OWN.exists()

    rows = {row["metric"]: row for row in results.load()}
    assert rows.keys() == {"answer", "run_seconds", "peak_mib", "product_gflops"}
    assert rows["answer"]["value"] == 42 and rows["answer"]["seed"] == 5
    assert rows["answer"]["budget"] == "cpu"
    for row in rows.values():
        assert row["seconds"] == rows["run_seconds"]["value"] > 0
        assert row["peak_mib"] == rows["peak_mib"]["value"] > 0
        assert row["product_gflops"] == rows["product_gflops"]["value"] > 0

    for folder in ("outputs", "notebooks"):
        executed = nbformat.read(school / folder / "01_works.ipynb", as_version=4)
        counts = [c.execution_count for c in executed.cells if c.cell_type == "code"]
        assert counts == [1, 2, 3]
        assert executed.cells[2].outputs[0].text == "42\n"

    assert cli.main(["results", "01", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == [row for row in results.load() if row["lesson"] == "01_works"]
    assert cli.main(["results", "01"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("\n01_works\n  answer") and "Most memory" in told


def test_a_readers_run_stands_beside_the_record_and_leaves_it_alone(school, capsys):
    about = {"unit": "one", "budget": "cpu", "backend": "tensorflow", "source": ""}
    about |= {"lesson": "01_works", "metric": "answer", "device": "an abacus"}
    values = (39.0, 40.0, 41.0)  # mean 40, standard deviation 1
    recorded = [about | {"seed": s, "value": v} for s, v in enumerate(values)]
    results.add(recorded)
    before = {path: path.read_bytes() for path in school.rglob("*.*") if path.is_file()}
    assert cli.main(["run", "01", "--budget", "cpu"]) == 0
    told = capsys.readouterr().out
    wanted = "42 one; recorded 40.0 ± 1.0 (3 seeds, an abacus), 2.0 spreads above\n"
    assert wanted in told
    assert "run_seconds" in told and "nothing recorded for cpu, tensorflow" in told
    assert "kept in outputs/results.json" in told
    own = {row["metric"]: row["value"] for row in results.load(results.OWN)}
    assert own["answer"] == 42
    assert {path: path.read_bytes() for path in before} == before
    after = {path for path in school.rglob("*.*") if path.is_file()}
    assert {path.parent.name for path in after - set(before)} == {"outputs"}


def test_a_smoke_run_is_compared_with_nothing_and_kept_nowhere(school, capsys):
    assert cli.main(["run", "01", "--budget", "smoke"]) == 0
    told = capsys.readouterr().out
    assert "data: " not in told  # the figure names none
    assert "42 one\n" in told and "recorded" not in told and "kept" not in told
    assert not results.OWN.exists() and not results.RESULTS.exists()
    assert cli.main(["run", "01", "--budget", "smoke", "--record"]) == 1
    assert "smoke budget measures nothing" in capsys.readouterr().err


def test_what_a_further_page_took_stands_under_its_own_name(school):
    assert cli.main(["run", "further/01", "--budget", "cpu", "--record"]) == 0
    lessons = {row["metric"]: row["lesson"] for row in results.load()}
    took = ("run_seconds", "peak_mib", "product_gflops")
    assert lessons == {"depth": "01_works"} | dict.fromkeys(took, "further/01_works")


def test_solutions_run_in_their_own_folder_and_are_not_recorded(school):
    (school / "notebooks" / "solutions").mkdir()
    cell = new_code_cell("import pathlib\nprint(pathlib.Path.cwd().name)")
    path = school / "notebooks" / "solutions" / "01_works.ipynb"
    nbformat.write(new_notebook(cells=[cell]), path)
    arguments = ["run", "solutions/01", "--budget", "cpu", "--write", "--record"]
    assert cli.main(arguments) == 0
    executed = nbformat.read(path, as_version=4)
    assert executed.cells[0].outputs[0].text == "solutions\n"
    assert results.load() == []


def test_a_progress_bar_hears_of_every_cell(school):
    (school / "notebooks" / "solutions").mkdir()
    cells = [new_markdown_cell("# Title"), new_code_cell("1"), new_code_cell("")]
    path = school / "notebooks" / "solutions" / "01_works.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    calls = []
    page = catalogue.find("solutions/01")
    run.execute(page, on_cell=lambda: calls.append("cell"))
    assert len(calls) == len(cells)


def test_failing_lessons_are_named_and_the_rest_still_runs(school, capsys):
    before = (school / "notebooks" / "02_fails.ipynb").read_text()
    assert cli.main(["run", "02", "03", "--budget", "smoke"]) == 1
    told = capsys.readouterr()
    assert "02_fails: cell 2 raised ZeroDivisionError: division by zero" in told.err
    assert "03_dies: the kernel died in cell 2; it wrote last: " in told.err
    assert "a first line / Check failed: rank == 2 (see outputs/03_dies" in told.err
    assert (school / "outputs" / "02_fails.ipynb").exists()
    assert (school / "notebooks" / "02_fails.ipynb").read_text() == before


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["run", "17"], "No page '17'"),
        (["run", "01", "--seed", "-1"], "--seed must be a whole number"),
        (["results"], "lessons.toml has no lesson '01_works'"),
    ],
)
def test_the_command_answers_in_one_line_without_traceback(
    school, capsys, arguments, message
):
    assert cli.main(arguments) == 1
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1
    assert "Traceback" not in told


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("COURSE_BUDGET", "smok", "one of smoke, cpu, gpu, got 'smok'"),
        ("COURSE_SEED", "one", "COURSE_SEED must be a whole number"),
        ("KERAS_BACKEND", "theano", "one of tensorflow, jax, torch, got 'theano'"),
        (
            "KERAS_BACKEND",
            "jax",
            "not installed: uv sync --inexact --group jax",
        ),
    ],
)
def test_a_bad_variable_is_one_line_before_any_kernel_starts(
    school, monkeypatch, capsys, name, value, message
):
    if value == "jax":
        monkeypatch.setattr(run.importlib.util, "find_spec", lambda package: None)
    monkeypatch.setattr(run, "execute", pytest.fail)
    monkeypatch.setenv(name, value)
    assert cli.main(["run", "01"]) == 1
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1


def test_an_unwritable_folder_is_one_line(school, capsys):
    (school / "outputs").rmdir()
    (school / "outputs").write_text("a file where the folder should be")
    assert cli.main(["run", "01", "--budget", "smoke"]) == 1
    told = capsys.readouterr().err
    assert "outputs" in told and "Traceback" not in told


def test_list_names_pages_with_minutes_and_title(school, capsys):
    about = {"lesson": "01_works", "metric": "run_seconds", "unit": "s", "seed": 0}
    about |= {"budget": "cpu", "backend": "b", "device": "d", "source": ""}
    results.add([about | {"value": 190.0}])
    assert cli.main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == "01_works 3 min Title of 01_works".split()
    assert any("further/01_works" in line for line in lines)
    assert cli.main(["list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert (rows[0]["name"], rows[0]["minutes"]) == ("01_works", 3)
    assert len(rows) == len(lines)


def test_the_data_of_a_run_are_named(school, capsys):
    row = {"metric": "m", "value": 1.0, "unit": "nats", "budget": "smoke"}
    cli._tell([row | {"source": "mnist"}, row | {"source": ""}])
    assert "data: mnist\n" in capsys.readouterr().out


def test_list_tells_each_lessons_subject(capsys):
    assert cli.main(["list"]) == 0
    assert "prior, posterior, the bound" in capsys.readouterr().out


def test_a_group_that_is_missing_is_one_line(school, capsys, monkeypatch):
    def mark(options):
        raise ModuleNotFoundError("No module named 'nbgrader'", name="nbgrader.api")

    monkeypatch.setitem(cli.ACTIONS, "marks", mark)
    assert cli.main(["labs", "marks"]) == 1
    told = capsys.readouterr().err
    assert told.endswith("uv sync --inexact --group teach\n")
    assert told.count("\n") == 1


@pytest.mark.parametrize("action", cli.ACTIONS)
def test_each_action_can_be_called_and_teaches(action, monkeypatch, capsys):
    called = []
    monkeypatch.setitem(cli.ACTIONS, action, lambda options: called.append(action))
    with pytest.raises(SystemExit):
        cli.main(["labs", "--help"])
    of_labs = re.search(rf"^    {action}\b", capsys.readouterr().out, re.MULTILINE)
    command = ["labs", action] if of_labs else [action]
    with pytest.raises(SystemExit):
        cli.main([*command, "--help"])
    assert f"usage: course {' '.join(command)}" in capsys.readouterr().out
    needed = {"slides": ["02"], "grade": ["folder"], "score": ["project1", "folder"]}
    assert cli.main([*command, *needed.get(action, [])]) == 0
    assert called == [action]


def test_help_and_list_import_nothing_that_takes_seconds():
    code = (
        "import sys; from course import cli; cli.main(['list']); "
        "print(*{'nbformat', 'nbclient', 'PIL', 'keras', 'numpy'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("\n\n")  # the last line names none


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
