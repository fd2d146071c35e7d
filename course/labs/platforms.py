"""Who handed in a file, as the zips of Moodle and Canvas tell it in its name.

Moodle: `Ada Lovelace_4711_assignsubmission_file` is a folder, or the first part of a
file's name; the number is new for each assignment. Canvas:
`lovelaceada_LATE_1234_5678_x.ipynb`, with the numbers of the student and of the file.
nbgrader's `zip_collect` reads such names too, by a pattern for one lab at a time, and
passes over what the pattern does not fit; here everything has a row.
"""

import dataclasses
import os
import pathlib
import re
import shutil
import tempfile
import time
import zipfile

from course.labs import release

LARGEST = 2 * 2**30  # bytes of all files of a zip
MOODLE = re.compile(
    r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)"
)
CANVAS = re.compile(
    r"(?:(?P<name>.+?)_(?:(?P<late>LATE)_)?(?P<number>\d+)"
    r"|(?:(?P<anonymous_late>LATE)_)?anon_(?P<anonymous>[A-Za-z0-9]+))"
    r"_(?:(?P<order>\d+)_(?P<file>.+)|(?P<text>(?:text|link)\.html))"
)


@dataclasses.dataclass(frozen=True)
class Sender:
    """Who handed in one file or folder of a platform's zip.

    Attributes:
        platform: `"Moodle"` or `"Canvas"`.
        name: str, as the platform writes it; `""` where it keeps the name back.
        number: str, the platform's number, or letters and digits, of the student.
        file: str, the file's name as the student gave it; `""` for a folder.
        order: int. Of two files of one student, the later has the larger.
        is_late: bool. Whether the platform says so in the name.
    """

    platform: str
    name: str
    number: str
    file: str
    order: int = 0
    is_late: bool = False

    @property
    def who(self):
        """`(platform, name, number)`, equal for all files of one student."""
        return self.platform, self.name, self.number


def sender_of(name):
    """Return the `Sender` that a file's or folder's name tells, or `None`."""
    if found := MOODLE.fullmatch(name):
        person = "" if found["name"] == "Participant" else found["name"]
        return Sender("Moodle", person, found["number"], found["file"])
    if found := CANVAS.fullmatch(name):
        return Sender(
            "Canvas",
            found["name"] or "",
            found["number"] or found["anonymous"],
            found["file"] or found["text"],
            order=int(found["order"] or 0),
            is_late=bool(found["late"] or found["anonymous_late"]),
        )
    return None


def students_of(senders, roster=()):
    """Say under which name each sender has marks.

    That is the id on the roster which is the number in a name of Canvas's, else the
    only id whose first and last name are the sender's. Without such an id it is
    Moodle's full name, where nobody else has it, or name and number.

    Args:
        senders: iterable of `Sender`.
        roster: sequence of `(id, last_name, first_name)`, str or `None`.

    Returns:
        dict from `Sender.who` to str.
    """
    ids = {who for who, _, _ in roster}
    by_name = {}
    for who, last, first in roster:
        for name in {_squeezed(last, first), _squeezed(first, last)} - {""}:
            by_name.setdefault(name, set()).add(who)
    people = {sender.who for sender in senders}
    numbers = {}
    for platform, name, number in people:
        numbers.setdefault((platform, _squeezed(name)), set()).add(number)
    students = {}
    for platform, name, number in people:
        is_only = len(numbers[platform, _squeezed(name)]) == 1
        known = by_name.get(_squeezed(name), set()) if is_only else set()
        if platform == "Canvas" and number in ids:
            student = number
        elif len(known) == 1:
            (student,) = known
        elif platform == "Moodle" and name and is_only:
            student = name
        else:
            student = f"{name or 'anonymous'}_{number}"
        students[platform, name, number] = student
    return students


def _squeezed(*names):
    """Return names as Canvas writes them: letters and digits alone, small."""
    return re.sub(r"[\W_]", "", "".join(filter(None, names))).casefold()


def unpack(path):
    """Unpack the zip of a learning platform into the labs' build folder.

    Args:
        path: path of a folder, which is left as it is, or of a zip file.

    Returns:
        `pathlib.Path`: the folder, or a new one with what was in the zip, which
        replaces the one of an earlier zip of the same name.

    Raises:
        ValueError: there is no such thing, or it is no zip that can be unpacked.
    """
    path = pathlib.Path(path)
    if path.is_dir():
        return path
    if not path.is_file():
        raise ValueError(f"No folder and no zip file {str(path)!r}.")
    target = release.build_folder() / "downloaded" / path.stem
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as workshop:
        made = pathlib.Path(workshop) / path.stem
        made.mkdir()
        try:
            with zipfile.ZipFile(path) as archive:
                _unpack(archive, made)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise ValueError(f"{str(path)!r} cannot be unpacked: {error}.") from error
        shutil.rmtree(target, ignore_errors=True)
        os.replace(made, target)
    return target


def _unpack(archive, folder):
    """Unpack all files; each keeps its time, since the newest of several counts."""
    members = archive.infolist()
    size = sum(member.file_size for member in members)
    if size > LARGEST:
        raise ValueError(
            f"{archive.filename!r} would take {size / 2**30:.1f} GiB, "
            f"at most {LARGEST // 2**30}."
        )
    for member in members:
        place = archive.extract(member, folder)
        when = time.mktime((*member.date_time, 0, 0, -1))
        os.utime(place, (when, when))
