import importlib.metadata
import importlib.util
import pathlib
import subprocess
import sys
import types

from course import cli, publish
from helpers import catalogue, colab
from helpers.files import ROOT

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ALL = [page.path for page in catalogue.pages("lesson", "further", "solution")]
LESSON, SOLUTION = "notebooks/01_lesson.ipynb", "notebooks/solutions/01_lesson.ipynb"


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A course of one lesson with its solutions, in a folder without git."""
    monkeypatch.setattr(publish, "ROOT", tmp_path)
    monkeypatch.setattr(catalogue, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for place in (LESSON, SOLUTION):
        path = tmp_path / place
        path.parent.mkdir(exist_ok=True)
        folder = pathlib.PurePosixPath(place).parent.as_posix()
        cells = [
            new_markdown_cell("# A title\n\nA first paragraph."),
            new_code_cell(publish.colab_cell(folder=folder), id=publish.CELL_ID),
        ]
        nbformat.write(new_notebook(cells=cells), path)
    return tmp_path


def read(folder, place):
    return nbformat.read(folder / place, as_version=4)


@pytest.mark.parametrize("path", ALL, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_each_notebook_begins_its_code_with_the_cell_for_colab(path):
    notebook = nbformat.read(path, as_version=4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    folder = path.parent.relative_to(ROOT).as_posix()
    stamp = publish.read_stamp(notebook)
    assert first.source == publish.colab_cell(*stamp, folder=folder)
    assert not first.outputs


@pytest.mark.parametrize(
    "text, address",
    [
        ("ada/course", "https://github.com/ada/course"),
        ("https://github.com/ada/course.git", "https://github.com/ada/course"),
        ("https://GitHub.com/Ada/course", "https://github.com/Ada/course"),
        ("git@github.com:ada/my.course.git", "https://github.com/ada/my.course"),
        ("ssh://git@git.example.org/a/b/c", "https://git.example.org/a/b/c"),
        ("ssh://git@git.example.org:2222/a/b.git", "https://git.example.org/a/b"),
        ("https://ada:secret@example.org:8443/x/", "https://example.org:8443/x"),
        ("file:///srv/course.git", "file:///srv/course"),
    ],
)
def test_an_address_is_understood_and_keeps_no_secret(text, address):
    assert publish.parse_address(text) == address


HOSTILE = (
    'https://x"; hacked = True; "/a/b',
    'https://x/a/b"\nhacked = True\n"',
    "https://x/a/b\\",
    "https://x/a'b",
    "https://x/{hacked}",
    "https://x/a/b\thacked",
)
NO_ADDRESSES = (
    *("", "course", "a/b/c", "http://example.org/x", "-x/y z", "a/..", "a/.git"),
    *("https://x", "https://x/", "https://x:port/a", "https://-x/a", "https://x_y/a"),
    *("https://x/../a", "https://x/a?b=c", "https://x/a#b", "https://x/é"),
    *("https://é.org/a", "https://[::1]/a", "ssh://ada@x/a", "file://x", "git@x:"),
)


@pytest.mark.parametrize("text", [*NO_ADDRESSES, *HOSTILE])
def test_what_is_no_address_is_refused_in_one_line(checkout, capsys, text):
    assert cli.main(["publish", "--", text]) == 1
    told = capsys.readouterr().err
    assert "Expected OWNER/REPO" in told and told.count("\n") == 1
    assert publish.read_stamp(read(checkout, LESSON)) == ("", "")


def test_publishing_stamps_address_and_link_in_every_notebook(checkout):
    assert cli.main(["publish", "ada/course", "--reference", "v1"]) == 0
    for place, image in ((LESSON, "images"), (SOLUTION, "../images")):
        notebook = read(checkout, place)
        address = "https://github.com/ada/course"
        assert publish.read_stamp(notebook) == (address, "v1")
        link = f"{publish.COLAB}/ada/course/blob/v1/{place}"
        heading, badge, rest = notebook.cells[0].source.split("\n\n")
        assert (heading, rest) == ("# A title", "A first paragraph.")
        assert badge.endswith(f"({image}/colab.svg)]({link})")
        assert len(badge.split("]")[0]) > 20


def test_publishing_again_changes_nothing_and_elsewhere_replaces(checkout):
    def stamped(*arguments):
        assert cli.main(["publish", *arguments]) == 0
        return [(checkout / place).read_text() for place in (LESSON, SOLUTION)]

    first = stamped("ada/course", "--reference", "main")
    assert stamped("ada/course", "--reference", "main") == first
    assert stamped("bob/fork", "--reference", "main") != first
    assert stamped("ada/course", "--reference", "main") == first


def test_a_place_that_colab_cannot_open_gets_no_link(checkout):
    assert cli.main(["publish", "ada/course"]) == 0
    assert cli.main(["publish", "https://git.example.org/ada/course"]) == 0
    assert "colab" not in read(checkout, LESSON).cells[0].source


def test_a_notebook_without_the_cell_is_named_and_none_is_changed(checkout, capsys):
    nbformat.write(new_notebook(), checkout / "notebooks" / "02_new.ipynb")
    assert cli.main(["publish", "ada/course"]) == 1
    assert "notebooks/02_new.ipynb: there is no cell" in capsys.readouterr().err
    assert publish.read_stamp(read(checkout, LESSON)) == ("", "")


@pytest.mark.parametrize("text", ['"; rm', "a..b", "-b", "a b", 'x"\nhacked = 1', "é"])
def test_a_bad_reference_is_refused(checkout, capsys, text):
    assert cli.main(["publish", "ada/course", f"--reference={text}"]) == 1
    assert "branch or tag" in capsys.readouterr().err
    assert publish.read_stamp(read(checkout, LESSON)) == ("", "")


def test_the_address_and_branch_are_taken_from_git(checkout, capsys):
    assert cli.main(["publish"]) == 1
    assert "no remote named origin" in capsys.readouterr().err

    def git(*arguments):
        subprocess.run(["git", "-C", str(checkout), *arguments], check=True)

    git("init", "--quiet", "--initial-branch", "spring")
    git("remote", "add", "origin", "https://token@github.com/ada/course.git")
    assert cli.main(["publish"]) == 0
    stamp = publish.read_stamp(read(checkout, LESSON))
    assert stamp == ("https://github.com/ada/course", "spring")


def run_cell(source, folder, *, in_colab, monkeypatch):
    """Run the cell as a notebook in `folder` would; return the modules it asked for."""
    asked = []

    def find_spec(name):
        if name == "google.colab":
            if in_colab is None:
                raise ModuleNotFoundError("No module named 'google'")
            return "found" if in_colab else None
        assert name == "helpers"
        here = any((pathlib.Path(p) / "helpers").is_dir() for p in sys.path[:1])
        return "found" if here else None

    def import_module(name):
        asked.append(name)
        return types.SimpleNamespace(install_missing=lambda: asked.append("install"))

    monkeypatch.chdir(folder)
    with monkeypatch.context() as patch:
        patch.setattr(importlib.util, "find_spec", find_spec)
        patch.setattr(importlib, "import_module", import_module)
        names = {}
        exec(compile(source, "<colab cell>", "exec"), names)
    assert "hacked" not in names
    return asked


@pytest.mark.parametrize("text", HOSTILE)
def test_the_cell_runs_no_code_that_an_address_or_a_reference_holds(
    tmp_path, monkeypatch, text
):
    (tmp_path / "course" / "notebooks").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    source = publish.colab_cell(text, text)
    run_cell(source, tmp_path, in_colab=True, monkeypatch=monkeypatch)
    cell = new_code_cell(source, id=publish.CELL_ID)
    assert publish.read_stamp(new_notebook(cells=[cell])) == (text, text)


@pytest.mark.parametrize("in_colab", [False, None], ids=["no colab", "no google"])
def test_outside_colab_the_cell_does_nothing(tmp_path, monkeypatch, in_colab):
    source = publish.colab_cell("file:///nowhere", "main")
    before = list(sys.path)
    assert not run_cell(source, tmp_path, in_colab=in_colab, monkeypatch=monkeypatch)
    assert sys.path == before and not list(tmp_path.iterdir())
    assert pathlib.Path.cwd() == tmp_path


def test_in_colab_an_unpublished_copy_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(RuntimeError, match="course publish"):
        run_cell(publish.colab_cell(), tmp_path, in_colab=True, monkeypatch=monkeypatch)


def test_in_colab_the_cell_fetches_the_reference_and_can_be_run_again(
    tmp_path, monkeypatch
):
    origin, session = tmp_path / "origin", tmp_path / "session"
    (origin / "notebooks").mkdir(parents=True)
    (origin / "helpers").mkdir()
    (origin / "helpers" / "__init__.py").touch()
    (origin / "notebooks" / "marker").touch()
    session.mkdir()
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for arguments in (
        ["init", "--quiet", "--initial-branch", "main"],
        ["add", "."],
        [*who, "commit", "--quiet", "-m", "Begin"],
        ["tag", "v1"],
    ):
        subprocess.run(["git", "-C", str(origin), *arguments], check=True)
    source = publish.colab_cell(f"file://{origin}", "v1")
    options = {"in_colab": True, "monkeypatch": monkeypatch}
    monkeypatch.setattr(sys, "path", [str(session), *sys.path])

    assert run_cell(source, session, **options) == ["helpers.colab", "install"]
    assert sys.path[0] == str(session / "course")
    here = pathlib.Path.cwd()
    assert here == session / "course" / "notebooks" and (here / "marker").exists()

    assert run_cell(source, here, **options) == []  # run again in the same session
    sys.path[0] = str(session)  # after a restart of the kernel
    assert run_cell(source, session, **options) == ["helpers.colab", "install"]


def test_only_what_is_missing_is_installed_and_nothing_replaced(monkeypatch):
    def version(name):
        if name in {"tqdm", "jupyterquiz", "jupyterlab"}:
            raise importlib.metadata.PackageNotFoundError(name)
        return "1.0"

    calls = []
    monkeypatch.setattr(colab.importlib.metadata, "version", version)
    monkeypatch.setattr(colab.subprocess, "run", lambda call, check: calls.append(call))
    colab.install_missing()
    [call] = calls
    names = [r.split(">")[0] for r in call[call.index("--no-deps") + 1 :]]
    assert sorted(names) == ["jupyterquiz", "tqdm"]


def test_where_nothing_is_missing_pip_is_not_called(monkeypatch):
    monkeypatch.setattr(colab.importlib.metadata, "version", lambda name: "1.0")
    monkeypatch.setattr(colab.subprocess, "run", pytest.fail)
    colab.install_missing()


def test_the_readme_learns_where_to_clone_from_and_opens_in_colab():
    readme = (ROOT / "README.md").read_text("utf-8")
    plain = publish.stamp_readme(readme, "https://git.example.org/a/b", "main")
    assert "git clone https://git.example.org/a/b generative-models" in plain
    assert "colab.svg" not in plain
    text = publish.stamp_readme(plain, "https://github.com/ada/course", "v1")
    assert "git clone https://github.com/ada/course generative-models" in text
    link = "github/ada/course/blob/v1/notebooks/00_start_here.ipynb"
    assert link in text and "](notebooks/images/colab.svg)" in text
    again = publish.stamp_readme(text, "https://github.com/ada/course", "v1")
    assert again == text
    back = publish.stamp_readme(text, "https://git.example.org/a/b", "main")
    assert back == plain


def test_the_cell_for_colab_is_folded(checkout):
    publish.publish("https://github.com/ada/course", "main")
    cell = read(checkout, LESSON).cells[1]
    assert cell.metadata.jupyter.source_hidden and cell.metadata.cellView == "form"
