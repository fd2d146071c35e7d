import json
import os

from course.labs import intake, release

import nbformat
import pytest

LABS = release.names()
LAB = LABS[0]


def hand_in(folder, *names, content="{}"):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")


def by_student(folder):
    return {each.student: each for each in intake.collect(folder)}


def test_submissions_are_found_by_student_and_lab(tmp_path):
    hand_in(tmp_path, f"ada/{LAB}.ipynb", f"bo/deep/er/{LAB}.ipynb")
    found = [(each.student, each.lab, each.remark) for each in intake.collect(tmp_path)]
    assert found == [("ada", LAB, ""), ("bo", LAB, "")]


@pytest.mark.parametrize(
    "name",
    [
        f"{LAB} (1).ipynb",
        f"{LAB}-2.ipynb",
        f"{LAB.upper()}.ipynb",
        f"{LAB}.IPYNB",
        f"{LAB}.ipynb.txt",
        f"Copy of {LAB}.ipynb",
        f"ada_1234_5678_{LAB}-Copy1.ipynb",
    ],
)
def test_a_lab_is_known_whatever_is_added_to_its_name(name, tmp_path):
    hand_in(tmp_path, f"ada/{name}")
    (found,) = intake.collect(tmp_path)
    assert (found.lab, found.path) == (LAB, tmp_path / "ada" / name)
    assert found.remark == f"handed in as {name}"


def test_of_several_files_the_newest_counts_and_the_remark_says_so(tmp_path):
    names = (f"{LAB}.ipynb", f"{LAB} (1).ipynb", f"old/{LAB}.ipynb")
    hand_in(tmp_path / "ada", *names)
    for age, name in enumerate((names[1], names[0], names[2])):
        os.utime(tmp_path / "ada" / name, (1e9 - age, 1e9 - age))
    (found,) = intake.collect(tmp_path)
    assert found.path == tmp_path / "ada" / names[1]
    assert found.remark == f"newest of 3: {names[1]}, not {names[2]}, {names[0]}"


def test_everything_else_has_a_row_that_says_why_it_is_not_graded(tmp_path):
    hand_in(tmp_path, "loose.ipynb", "bo/mine.ipynb", "cy/a.png", ".hidden/x.ipynb")
    (tmp_path / "di").mkdir()
    both = f"{LABS[0]} and {LABS[1]}.ipynb"
    hand_in(tmp_path, f"ed/{both}", f"ed/.ipynb_checkpoints/{LAB}.ipynb")
    found = {(e.student, e.lab): e.remark for e in intake.collect(tmp_path)}
    assert found == {
        ("", "loose.ipynb"): "lies in no student's folder",
        ("bo", "mine.ipynb"): "is named as no lab",
        ("cy", ""): "holds no notebook (a.png)",
        ("di", ""): "is an empty folder",
        ("ed", both): "is named as no lab",
    }
    assert not any(each.path for each in intake.collect(tmp_path))


def test_a_folder_named_as_a_lab_is_found_and_cannot_be_read(tmp_path):
    (tmp_path / "ada" / f"{LAB}.ipynb").mkdir(parents=True)
    (found,) = intake.collect(tmp_path)
    assert found.lab == LAB
    with pytest.raises(ValueError, match="is no plain file"):
        intake.read(found.path)


def test_a_folder_that_cannot_be_read_has_a_row(tmp_path, monkeypatch):
    hand_in(tmp_path, f"ada/{LAB}.ipynb", f"bo/{LAB}.ipynb")
    real = os.scandir

    def scandir(path):
        if str(path).endswith("ada"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = by_student(tmp_path)
    assert found["ada"].remark == "cannot be read: Permission denied"
    assert found["bo"].path is not None


def test_a_folder_without_anything_is_refused(tmp_path):
    with pytest.raises(ValueError, match="expected STUDENT/LAB.ipynb"):
        intake.collect(tmp_path)
    with pytest.raises(ValueError, match="No folder"):
        intake.collect(tmp_path / "missing")


def test_a_notebook_is_read(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    nbformat.write(notebook, tmp_path / "x.ipynb")
    assert intake.read(tmp_path / "x.ipynb").cells[0].source == "1"
    with_mark = "\ufeff" + json.dumps(notebook)  # as some editors begin a file
    (tmp_path / "y.ipynb").write_text(with_mark, "utf-8")
    assert intake.read(tmp_path / "y.ipynb").cells[0].source == "1"


def test_an_older_form_and_copied_cells_are_read_as_cells_with_ids(tmp_path):
    cell = {"cell_type": "code", "metadata": {}, "source": "1"}
    cell |= {"outputs": [], "execution_count": None}
    old = {"nbformat": 4, "nbformat_minor": 0, "metadata": {}, "cells": [cell, cell]}
    copied = [cell | {"id": "a"}, cell | {"id": "a"}, cell | {"id": "b"}]
    new = old | {"nbformat_minor": 5, "cells": copied}
    for content, kept in ((old, set()), (new, {"a", "b"})):
        (tmp_path / "x.ipynb").write_text(json.dumps(content), "utf-8")
        notebook = intake.read(tmp_path / "x.ipynb")
        ids = [cell.id for cell in notebook.cells]
        assert len(set(ids)) == len(content["cells"]) and kept <= set(ids)
        nbformat.validate(notebook)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"cells": [', "is not valid JSON"),
        (b"\xff\xfe\x00", "is not valid JSON"),
        (b"", "is not valid JSON"),
        (b"[" * 100_000, "is not valid JSON"),
        (b"[1]", "is no notebook of format 4"),
        (b'{"cells": {}}', "is no notebook of format 4"),
        (b'{"cells": [1], "nbformat": 4, "nbformat_minor": 5}', "is no notebook"),
        (b'{"cells": [], "nbformat": "x"}', "is no notebook of format 4"),
        (b" " * (20 * 2**20 + 1), "is larger than 20 MiB"),
    ],
    ids=["cut", "binary", "empty", "deep", "list", "object", "cell", "format", "large"],
)
def test_what_is_no_notebook_is_refused(content, said, tmp_path):
    (tmp_path / "x.ipynb").write_bytes(content)
    with pytest.raises(ValueError, match=said):
        intake.read(tmp_path / "x.ipynb")


def test_links_and_pipes_are_refused_and_do_not_block(tmp_path):
    (tmp_path / "real.ipynb").write_text("{}")
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "real.ipynb")
    os.mkfifo(tmp_path / "pipe.ipynb")
    for name in ("link.ipynb", "pipe.ipynb", "missing.ipynb"):
        with pytest.raises(ValueError, match="is no plain file"):
            intake.read(tmp_path / name)
