"""Find what was handed in, whatever its name, and say what cannot be graded."""

import dataclasses
import json
import os
import pathlib

from course.labs import release

LARGEST_SUBMISSION = 20 * 2**20  # bytes
NOT_HANDED_IN = (".ipynb_checkpoints", "__MACOSX")


@dataclasses.dataclass(frozen=True)
class HandIn:
    """One thing that was handed in.

    Attributes:
        student: str, `""` where a file lies in no student's folder.
        lab: str, the lab's name, or what lies there where it is none.
        path: `pathlib.Path` of the notebook, or `None` where nothing can be graded.
        remark: str, what was noticed, or why nothing can be graded; often `""`.
    """

    student: str
    lab: str
    path: pathlib.Path | None
    remark: str = ""


def collect(folder):
    """Find everything that was handed in.

    Args:
        folder: path. Holds a folder for each student, named as the student, with
            notebooks anywhere below it. A notebook belongs to the lab whose name is in
            the file's name, in any case, such as `LAB01_autoencoder (1).ipynb`; of
            several for one lab, the newest counts.

    Returns:
        list of `HandIn` by student and lab, at least one for each student, and one for
        each file that looks like a notebook of no lab or lies in no student's folder.

    Raises:
        ValueError: there is no such folder, or nothing in it.
        OSError: the folder itself cannot be read.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise ValueError(f"No folder {str(folder)!r}.")
    found = []
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or entry.name in NOT_HANDED_IN:
            continue
        if entry.is_dir():
            found += _of_student(entry)
        else:
            found.append(HandIn("", entry.name, None, "lies in no student's folder"))
    if not found:
        raise ValueError(
            f"No submission in {str(folder)!r}: expected STUDENT/LAB.ipynb, LAB one of "
            f"{', '.join(release.names())}."
        )
    return found


def _of_student(folder):
    """Return what a student has handed in."""
    files, errors, by_lab, found = [], [], {}, []
    for place, inside, names in os.walk(folder, onerror=errors.append):
        inside[:] = sorted(set(inside) - set(NOT_HANDED_IN))
        files += [pathlib.Path(place) / name for name in sorted(names)]
        # A folder with a notebook's name is handed in too, if not as it should be.
        files += [pathlib.Path(place) / name for name in inside if _is_named(name)]
    for path in files:
        lab = _lab_of(path)
        if lab:
            by_lab.setdefault(lab, []).append(path)
        elif _is_named(path.name):
            lab = str(path.relative_to(folder))
            found.append(HandIn(folder.name, lab, None, "is named as no lab"))
    for error in errors:
        lab = os.path.relpath(error.filename, folder)
        found.append(
            HandIn(folder.name, lab, None, f"cannot be read: {error.strerror}")
        )
    for lab, paths in sorted(by_lab.items()):
        newest, remark = _newest(paths, lab, folder)
        found.append(HandIn(folder.name, lab, newest, remark))
    if not found:
        names = ", ".join(path.name for path in files[:5])
        remark = f"holds no notebook ({names})" if names else "is an empty folder"
        found.append(HandIn(folder.name, "", None, remark))
    return found


def _is_named(name):
    """Return whether a file's name looks as if it were a notebook."""
    return ".ipynb" in name.casefold()


def _lab_of(path):
    """Return the lab whose name is in the file's name, or `None`."""
    name = path.name.casefold()
    labs = [lab for lab in release.names() if lab.casefold() in name]
    return labs[0] if len(labs) == 1 and _is_named(name) else None


def _newest(paths, lab, folder):
    """Return the file that counts, and what is to be said about the choice."""
    *others, newest = sorted(paths, key=_time_of)
    shown = [str(path.relative_to(folder)) for path in (newest, *others)]
    if others:
        return newest, f"newest of {len(paths)}: {shown[0]}, not {', '.join(shown[1:])}"
    return newest, "" if newest.name == f"{lab}.ipynb" else f"handed in as {shown[0]}"


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
