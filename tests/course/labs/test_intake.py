import json
import os
import zipfile

from course.labs import intake, platforms, release

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
        ("cy", "a.png"): "is no notebook",
        ("di", ""): "is an empty folder",
        ("ed", both): "is named as no lab",
    }
    assert not any(each.path for each in intake.collect(tmp_path))


def test_a_foreign_file_beside_a_notebook_has_a_row_and_many_have_few(tmp_path):
    hand_in(tmp_path / "ada", f"{LAB}.ipynb", "notes.docx", "more/lab.zip")
    hand_in(tmp_path / "bo", f"{LAB}.ipynb", *(f"{n}.png" for n in range(200)))
    rows = {(e.student, e.lab): e.remark for e in intake.collect(tmp_path)}
    assert rows["ada", "notes.docx"] == "is no notebook"
    assert rows["ada", "more/lab.zip"] == "is a zip: unpack it here"
    assert rows["ada", LAB] == rows["bo", LAB] == ""
    assert rows["bo", "…"] == "190 more files that are no notebooks"
    assert len(rows) == 3 + 12


def test_files_as_canvas_names_them_are_found_by_student(tmp_path):
    hand_in(
        tmp_path,
        f"lovelaceada_1234_700_{LAB}.ipynb",
        f"lovelaceada_1234_9_{LABS[1]}.ipynb",
        f"lovelaceada_1234_800_{LABS[1]}-1.ipynb",
        f"yibo_LATE_77_900_{LAB}-2.ipynb",
        "yibo_LATE_77_text.html",
        f"anon_x7Yz1_901_{LAB}.ipynb",
    )
    found = {(e.student, e.lab): e for e in intake.collect(tmp_path)}
    remarks = {key: each.remark for key, each in found.items()}
    name = LABS[1]
    assert remarks == {
        ("lovelaceada_1234", LAB): "",
        ("lovelaceada_1234", name): f"newest of 2: {name}-1.ipynb, not {name}.ipynb",
        ("yibo_77", LAB): f"handed in as {LAB}-2.ipynb; late, Canvas says",
        ("yibo_77", "text.html"): "is no notebook",
        ("anonymous_x7Yz1", LAB): "",
    }
    assert not any(each.has_time for each in found.values() if each.path)


@pytest.mark.parametrize("end", ["_assignsubmission_file", "_assignsubmission_file_"])
def test_folders_as_moodle_names_them_are_found_by_student(end, tmp_path):
    hand_in(
        tmp_path,
        f"Ada King-Noel_4711{end}/{LAB} (1).ipynb",
        "Ada King-Noel_4711_assignsubmission_onlinetext/onlinetext.html",
        f"Bo Yi_12{end}/{LAB}.ipynb",
        f"Bo Yi_13{end}/{LAB}.ipynb",
        f"Participant_99{end}/{LAB}.ipynb",
    )
    found = {(e.student, e.lab): e.remark for e in intake.collect(tmp_path)}
    assert found == {
        ("Ada King-Noel", LAB): f"handed in as {LAB} (1).ipynb",
        ("Ada King-Noel", "onlinetext.html"): "is no notebook",
        ("Bo Yi_12", LAB): "",  # two students of one name
        ("Bo Yi_13", LAB): "",
        ("anonymous_99", LAB): "",
    }


def test_files_as_moodle_names_them_without_folders_are_found_too(tmp_path):
    hand_in(tmp_path, f"Bo Yi_12_assignsubmission_file_{LAB}.ipynb")
    (found,) = intake.collect(tmp_path)
    assert (found.student, found.lab, found.remark) == ("Bo Yi", LAB, "")


def test_the_roster_gives_a_sender_the_name_that_has_the_marks(tmp_path):
    roster = [
        ("al01", "Lovelace", "Ada"),
        ("77", "Yi", "Bo"),
        ("c1", "Poe", "Cy"),
        ("c2", "Poe", "Cy"),
    ]
    hand_in(
        tmp_path,
        f"lovelaceada_1234_700_{LAB}.ipynb",
        f"someoneelse_77_701_{LAB}.ipynb",
        f"poecy_5_702_{LAB}.ipynb",
        f"Ada Lovelace_4711_assignsubmission_file/{LABS[1]}.ipynb",
    )
    found = {(e.student, e.lab) for e in intake.collect(tmp_path, roster)}
    expected = {("al01", LAB), ("al01", LABS[1]), ("77", LAB), ("poecy_5", LAB)}
    assert found == expected


def test_one_student_in_a_folder_and_in_a_zip_is_graded_once(tmp_path):
    hand_in(
        tmp_path,
        f"al01/{LAB}.ipynb",
        f"Ada Lovelace_4711_assignsubmission_file/{LAB}.ipynb",
    )
    (found,) = intake.collect(tmp_path, [("al01", "Lovelace", "Ada")])
    assert found.remark.startswith("newest of 2")


@pytest.fixture
def build(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_LABS", str(tmp_path / "build"))
    return tmp_path / "build"


def test_a_zip_is_unpacked_and_each_file_keeps_its_time(build, tmp_path):
    with zipfile.ZipFile(tmp_path / "lab 1.zip", "w") as archive:
        for minute, name in enumerate((f"{LAB} (1).ipynb", f"{LAB}.ipynb")):
            member = zipfile.ZipInfo(f"ada/{name}", (2027, 1, 15, 12, 59 - minute, 0))
            archive.writestr(member, "{}")
    for _ in range(2):  # the second replaces the first
        folder = platforms.unpack(tmp_path / "lab 1.zip")
        (found,) = intake.collect(folder)
        assert found.remark == f"newest of 2: {LAB} (1).ipynb, not {LAB}.ipynb"
    assert folder.parent.parent == build
    assert platforms.unpack(tmp_path) == tmp_path


def test_a_zip_writes_nothing_outside_its_folder(build, tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("../../../escaped.txt", "")
        archive.writestr("/escaped.txt", "")
    folder = platforms.unpack(tmp_path / "x.zip")
    assert {path.parent for path in tmp_path.rglob("escaped.txt")} <= {folder}


def test_what_is_no_zip_is_refused(build, tmp_path, monkeypatch):
    (tmp_path / "x.zip").write_text("no zip")
    with pytest.raises(ValueError, match="cannot be unpacked: File is not a zip"):
        platforms.unpack(tmp_path / "x.zip")
    with pytest.raises(ValueError, match="No folder and no zip file"):
        platforms.unpack(tmp_path / "missing")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w") as archive:
        archive.writestr("a", "0" * 100)
    monkeypatch.setattr(platforms, "LARGEST", 99)
    with pytest.raises(ValueError, match="would take"):
        platforms.unpack(tmp_path / "bomb.zip")


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
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"[" * 100_000, "is not valid JSON"),
        (b"[1]", "is no notebook of format 4"),
        (b'{"cells": {}}', "is no notebook of format 4"),
        (b'{"cells": [1], "nbformat": 4, "nbformat_minor": 5}', "is no notebook"),
        (b'{"cells": [], "nbformat": "x"}', "is no notebook of format 4"),
        (b" " * (20 * 2**20 + 1), "is larger than 20 MiB"),
    ],
    ids=[
        "cut",
        "binary",
        "empty",
        "blank",
        "deep",
        "list",
        "object",
        "cell",
        "format",
        "large",
    ],
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
