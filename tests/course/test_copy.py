"""A copy to work on: what was changed stays, and labs are unsolved."""

import zipfile

from course import cli, copy
from helpers import catalogue
from helpers.files import NOTEBOOKS, ROOT

import nbformat
import pytest


def test_every_page_is_copied_and_what_was_changed_stays(tmp_path, capsys):
    assert cli.main(["copy", str(tmp_path)]) == 0
    pages = catalogue.pages()
    assert len(capsys.readouterr().out.splitlines()) == len(pages)
    for page in pages:
        path = tmp_path / "notebooks" / page.path.relative_to(NOTEBOOKS)
        if page.kind != "lab":
            assert path.read_bytes() == page.path.read_bytes()
    assert (tmp_path / "notebooks" / "images" / "02_vae.svg").exists()
    mine = tmp_path / "notebooks" / "02_vae.ipynb"
    mine.write_text("my work")
    (tmp_path / "notebooks" / "01_autoencoder.ipynb").unlink()
    written, kept = copy.copy(tmp_path)
    assert [path.name for path in written] == ["01_autoencoder.ipynb"]
    assert len(kept) == len(pages) - 1 and mine.read_text() == "my work"


@pytest.mark.parametrize("page", catalogue.pages("lab"), ids=lambda page: page.stem)
def test_a_copied_lab_holds_no_solution_and_no_hidden_test(page):
    source = page.read()
    notebook = copy.unsolved(page.read())
    nbformat.validate(notebook)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "SOLUTION" not in text and "HIDDEN" not in text
    for before, after in zip(source.cells, notebook.cells, strict=True):
        about = before.metadata.nbgrader
        if about.solution:
            stub = (
                "NotImplementedError" if before.cell_type == "code" else "YOUR ANSWER"
            )
            assert stub in after.source and len(after.source) < len(before.source)
        else:
            assert before.source.startswith(after.source[:40])
        if after.cell_type == "code":
            compile(after.source, page.stem, "exec")


def test_the_course_is_not_copied_onto_itself():
    with pytest.raises(ValueError, match="holds the course itself"):
        copy.copy(NOTEBOOKS.parent)


def test_the_packed_course_is_whole_and_its_labs_are_unsolved(tmp_path):
    copy.pack(tmp_path / "new" / "course.zip")
    with zipfile.ZipFile(tmp_path / "new" / "course.zip") as archive:
        names = archive.namelist()
        assert {name.split("/")[0] for name in names} == {"generative-models"}
        held = {name.split("/", 1)[1] for name in names}
        assert {"pyproject.toml", "uv.lock", "helpers/backend.py"} <= held
        pages = catalogue.pages()
        assert {page.path.relative_to(ROOT).as_posix() for page in pages} <= held
        labs = [n for n in names if "/labs/lab" in n and n.endswith(".ipynb")]
        assert len(labs) == len(catalogue.pages("lab"))
        for name in labs:
            assert b"BEGIN SOLUTION" not in archive.read(name)
