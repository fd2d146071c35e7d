"""The student edition: nothing that students should not read, all that they need."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile

import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed (group teach)")

from course import cli, publish
from course.labs import release, student
from helpers import catalogue

import nbformat
from submissions import source_of

LABS = release.names()
MARKED = re.compile(
    r"### BEGIN (SOLUTION|HIDDEN TESTS)\n(.*?)### END \1", re.MULTILINE | re.DOTALL
)
# What a student's notebook runs first: the cell for Colab and the lab's imports.
FIRST_CELLS = """
import os, pathlib
import nbformat
for path in sorted(pathlib.Path("notebooks/labs").glob("*/*.ipynb")):
    code = [c for c in nbformat.read(path, 4).cells if c.cell_type == "code"]
    for cell in code[:2]:
        exec(cell.source, {})
import helpers
from helpers.lessons import load
load("01_autoencoder")
print(pathlib.Path(helpers.__file__).resolve().parent)
"""


@pytest.fixture(scope="module")
def edition(tmp_path_factory):
    """Return the unpacked zip file of an edition with all labs."""
    build = tmp_path_factory.mktemp("labs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_LABS", str(build))
        assert cli.main(["labs", "release"]) == 0
    place = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(build / "student.zip") as archive:
        archive.extractall(place)
    assert files_of(place / "student") == files_of(build / "student")
    return place / "student"


def files_of(folder):
    """Return `{path from the folder: content}` of its files."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def squeezed(text):
    """Return a text without blank lines and without space around its lines."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def texts_of(folder):
    """Return `{path: squeezed text}` of all files; of notebooks, what cells hold."""
    texts = {}
    for name, content in files_of(folder).items():
        if name.endswith(".ipynb"):
            cells = nbformat.reads(content.decode("utf-8"), as_version=4).cells
            content = "\n".join(f"{c.source}\n{c.get('outputs', '')}" for c in cells)
        else:
            content = content.decode("utf-8", errors="replace")
        texts[name] = squeezed(content)
    return texts


def secrets_of(lab):
    """Return a lab's reference answers, in code and in words, and its hidden tests."""
    secrets = []
    for cell in source_of(lab).cells:
        marked = [found[1] for found in MARKED.findall(cell.source)]
        is_answer = cell.metadata.nbgrader.solution
        secrets += marked or ([cell.source] if is_answer else [])
    return [squeezed(secret) for secret in secrets]


def found_in(texts):
    """Return pairs of a file and a lab of which it holds something secret."""
    secrets = [(lab, secret) for lab in LABS for secret in secrets_of(lab)]
    return {
        (name, lab)
        for name, text in texts.items()
        for lab, secret in secrets
        if secret in text
    }


def test_no_hidden_test_and_no_reference_answer_is_in_it(edition):
    assert found_in(texts_of(edition)) == set()
    assert all(len(secrets_of(lab)) >= 7 for lab in LABS)


def test_what_is_secret_is_found_where_it_stands(tmp_path):
    """The search that finds nothing in the edition finds each lab's source."""
    for lab in LABS:
        nbformat.write(source_of(lab), tmp_path / f"{lab}.ipynb")
    assert {(f"{lab}.ipynb", lab) for lab in LABS} <= found_in(texts_of(tmp_path))


def test_its_pages_are_those_of_the_catalogue_without_solutions(edition):
    pages = {path.relative_to(edition).as_posix() for path in edition.rglob("*.ipynb")}
    kinds = [kind for kind in catalogue.KINDS if kind != "solution"]
    assert pages == {
        f"notebooks/{page.path.relative_to(catalogue.NOTEBOOKS).as_posix()}"
        for page in catalogue.pages(*kinds)
    }
    linked = re.findall(r"\(([^)]*\.ipynb)\)", (edition / "README.md").read_text())
    assert set(linked) == pages


def test_the_command_and_the_tests_are_not_in_it(edition):
    folders = {path.name for path in edition.iterdir() if path.is_dir()}
    assert folders == {"helpers", "data", "notebooks"}
    assert not (edition / "notebooks" / "solutions").exists()
    project = tomllib.loads((edition / "pyproject.toml").read_text("utf-8"))["project"]
    assert "scripts" not in project and project["dependencies"]


def test_its_links_lead_to_files_that_it_has(edition):
    missing = [
        (path.name, link)
        for path in edition.glob("notebooks/**/*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "markdown"
        for link in re.findall(r"\]\(([^)#\s:]+\.(?:ipynb|svg|md))", cell.source)
        if not (path.parent / link).exists()
    ]
    assert missing == []


def test_a_lab_opens_in_colab_as_a_lesson_does(edition):
    for lab in LABS:
        folder = f"notebooks/labs/{lab}"
        notebook = nbformat.read(edition / folder / f"{lab}.ipynb", as_version=4)
        stamp = publish.read_stamp(notebook)
        first = next(c for c in notebook.cells if c.cell_type == "code")
        assert first.source == publish.colab_cell(*stamp, folder=folder)
        assert stamp == publish.read_stamp(catalogue.pages("lesson")[0].read())


def test_the_first_cells_of_each_lab_run_from_the_unpacked_folder(edition):
    done = subprocess.run(
        [sys.executable, "-c", FIRST_CELLS],
        cwd=edition,
        env=os.environ | {"PYTHONPATH": str(edition), "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str((edition / "helpers").resolve())


def test_an_edition_has_the_labs_that_were_asked_for_and_no_others(
    edition, tmp_path, monkeypatch
):
    monkeypatch.setenv("COURSE_LABS", str(tmp_path))
    for lab in LABS[:2]:
        release.released(lab).parent.mkdir(parents=True)
        nbformat.write(nbformat.v4.new_notebook(), release.released(lab))
    student.write(LABS[:2])
    folder, archive = student.write(LABS[1:2])
    labs = [path.name for path in (folder / "notebooks" / "labs").iterdir()]
    assert labs == LABS[1:2]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "release",
        "student",
        "student.zip",
    ]
    with pytest.raises(FileNotFoundError, match=LABS[2]):
        student.write(LABS[2:3])
    assert folder.exists() and archive.exists()
