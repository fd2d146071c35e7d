"""Find what was handed in, whatever its name, and say what cannot be graded."""

import dataclasses
import json
import os
import pathlib

from course.labs import platforms, release

LARGEST_SUBMISSION = 20 * 2**20  # bytes
MOST_ROWS = 10  # of one student, for files that are no notebooks
NOT_HANDED_IN = (".ipynb_checkpoints", "__MACOSX", ".DS_Store", "Thumbs.db")


@dataclasses.dataclass(frozen=True)
class HandIn:
    """One thing that was handed in.

    Attributes:
        student: str, `""` where a file lies in no student's folder.
        lab: str, the lab's name, or what lies there where it is none.
        path: `pathlib.Path` of the notebook, or `None` where nothing can be graded.
        remark: str, what was noticed, or why nothing can be graded; often `""`.
        has_time: bool. Whether the file's time is that of handing in; in the zip of a
            learning platform it is not.
    """

    student: str
    lab: str
    path: pathlib.Path | None
    remark: str = ""
    has_time: bool = True


def collect(folder, roster=()):
    """Find everything that was handed in.

    Args:
        folder: path. Holds a folder for each student, named as the student, with
            notebooks anywhere below it; or what `platforms` knows, folders and files
            named as in the zips of Moodle and Canvas. A notebook belongs to the lab
            whose name is in the file's name, in any case, such as
            `LAB01_autoencoder (1).ipynb`; of several for one lab, the newest counts.
        roster: as in `platforms.students_of`.

    Returns:
        list of `HandIn` by student and lab, at least one for each student, and one for
        each file that is no notebook of a lab or lies in no student's folder.

    Raises:
        ValueError: there is no such folder, or nothing in it.
        OSError: the folder itself cannot be read.
    """
    students, loose = files_by_student(folder, roster)
    remark = "lies in no student's folder"
    found = [HandIn("", name, None, remark) for name in loose]
    for student, (files, errors) in students.items():
        found += _of_student(student, files, errors)
    if not found:
        raise ValueError(
            f"No submission in {str(folder)!r}: expected STUDENT/LAB.ipynb, LAB one of "
            f"{', '.join(release.names())}."
        )
    return sorted(found, key=lambda each: (each.student, each.lab))


@dataclasses.dataclass(frozen=True)
class File:
    """One file of a student.

    Attributes:
        path: `pathlib.Path`.
        shown: str, its name as the student gave it, with folders.
        sender: `platforms.Sender`, or `None` where it lies in a student's folder.
    """

    path: pathlib.Path
    shown: str
    sender: platforms.Sender | None

    @property
    def age(self):
        """Of two files, the newer has the larger."""
        return self.sender.order if self.sender else 0, _time_of(self.path)


def files_by_student(folder, roster=()):
    """Find all files that were handed in, whatever they are.

    Args:
        folder, roster: as in `collect`.

    Returns:
        `(students, loose)`: a dict from student to a list of `File` and a list of
        `(name, remark)` of what cannot be read; and a list of the names of files that
        lie in no student's folder.

    Raises:
        ValueError: there is no such folder.
        OSError: the folder itself cannot be read.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise ValueError(f"No folder {str(folder)!r}.")
    entries = {
        entry: platforms.sender_of(entry.name)
        for entry in sorted(folder.iterdir())
        if not entry.name.startswith(".") and entry.name not in NOT_HANDED_IN
    }
    names = platforms.students_of(filter(None, entries.values()), roster)
    students, loose = {}, []
    for entry, sender in entries.items():
        if sender is None and not entry.is_dir():
            loose.append(entry.name)
            continue
        student = names[sender.who] if sender else entry.name
        _walk(entry, sender, *students.setdefault(student, ([], [])))
    return students, loose


def _walk(place, sender, files, errors):
    """Add the files below a folder, or the file itself, and errors met."""
    if not place.is_dir():
        files.append(File(place, sender.file, sender))
        return
    paths, met = [], []
    for where, inside, names in os.walk(place, onerror=met.append):
        inside[:] = sorted(set(inside) - set(NOT_HANDED_IN))
        names = sorted(set(names) - set(NOT_HANDED_IN))
        paths += [pathlib.Path(where) / name for name in names]
        # A folder with a notebook's name is handed in too, if not as it should be.
        paths += [pathlib.Path(where) / name for name in inside if _is_named(name)]
    files += [File(path, str(path.relative_to(place)), sender) for path in paths]
    errors += [
        (os.path.relpath(error.filename, place), f"cannot be read: {error.strerror}")
        for error in met
    ]


def _of_student(student, files, errors):
    """Return what a student has handed in."""
    by_lab, others = {}, list(errors)
    for file in files:
        lab = _lab_of(file.path)
        if lab:
            by_lab.setdefault(lab, []).append(file)
        elif _is_named(file.path.name):
            others.append((file.shown, "is named as no lab"))
    foreign = [file.shown for file in files if not _is_named(file.path.name)]
    for shown in foreign[:MOST_ROWS]:
        is_zip = shown.casefold().endswith(".zip")
        remark = "is a zip: unpack it here" if is_zip else "is no notebook"
        others.append((shown, remark))
    if len(foreign) > MOST_ROWS:
        more = len(foreign) - MOST_ROWS
        others.append(("…", f"{more} more files that are no notebooks"))
    found = [HandIn(student, lab, None, remark) for lab, remark in others]
    for lab, of_lab in sorted(by_lab.items()):
        newest, remark = _newest(of_lab, lab)
        has_time = newest.sender is None
        found.append(HandIn(student, lab, newest.path, remark, has_time))
    return found or [HandIn(student, "", None, "is an empty folder")]


def _is_named(name):
    """Return whether a file's name looks as if it were a notebook."""
    return ".ipynb" in name.casefold()


def _lab_of(path):
    """Return the lab whose name is in the file's name, or `None`."""
    name = path.name.casefold()
    labs = [lab for lab in release.names() if lab.casefold() in name]
    return labs[0] if len(labs) == 1 and _is_named(name) else None


def _newest(files, lab):
    """Return the file that counts, and what is to be said about the choice."""
    *others, newest = sorted(files, key=lambda file: file.age)
    remarks = []
    if others:
        names = ", ".join(file.shown for file in others)
        remarks.append(f"newest of {len(files)}: {newest.shown}, not {names}")
    elif newest.shown.rpartition("/")[2] != f"{lab}.ipynb":
        remarks.append(f"handed in as {newest.shown}")
    if newest.sender and newest.sender.is_late:
        remarks.append(f"late, {newest.sender.platform} says")
    return newest, "; ".join(remarks)


def _time_of(path):
    """Return when a file was changed; one that cannot be looked at is the oldest."""
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


def read(path):
    """Return a submission as a notebook of format 4.

    Args:
        path: path of a file that a student handed in.

    Raises:
        ValueError: it is no notebook; the message says why, such as
            `"is not valid JSON"`.
        OSError: it cannot be read.
    """
    import nbformat

    if path.is_symlink() or not path.is_file():
        raise ValueError("is no plain file")
    with open(path, "rb") as file:
        content = file.read(LARGEST_SUBMISSION + 1)
    if len(content) > LARGEST_SUBMISSION:
        raise ValueError(f"is larger than {LARGEST_SUBMISSION // 2**20} MiB")
    if not content.strip():
        raise ValueError("is empty")
    try:
        content = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise ValueError("is not valid JSON") from None
    if not isinstance(content, dict) or not isinstance(content.get("cells"), list):
        raise ValueError("is no notebook of format 4")
    try:
        _give_ids(content)
        return nbformat.reads(json.dumps(content), as_version=4)
    except Exception as error:  # it raises what it happens to meet
        said = " ".join(str(error).split())[:200]
        raise ValueError(f"is no notebook of format 4 ({said})") from None


def _give_ids(content):
    """Make a notebook of format 4 one of 4.5, in which each cell has an id of its own.

    Editors write older forms, and a copied cell may keep the id of its original.
    """
    if content.get("nbformat") != 4:
        return
    content["nbformat_minor"] = max(5, int(content.get("nbformat_minor") or 0))
    seen = set()
    for number, cell in enumerate(content["cells"]):
        if isinstance(cell, dict):
            if not isinstance(cell.get("id"), str) or cell["id"] in seen:
                cell["id"] = f"handed-in-{number}"
            seen.add(cell["id"])
