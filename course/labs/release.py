"""Make the students' copies of labs."""

import os
import pathlib
import re

from course.labs import command
from helpers import catalogue
from helpers.files import ROOT

PATTERN = re.compile(r"[*?\[\]%]")


def build_folder():
    """Return where nbgrader puts what it makes: `COURSE_LABS`, or `build/labs`."""
    return pathlib.Path(os.environ.get("COURSE_LABS") or ROOT / "build" / "labs")


def names():
    """Return the names of all labs in order, such as `"lab01_autoencoder"`."""
    return [page.stem for page in catalogue.pages("lab")]


def released(lab):
    """Return the path of the students' copy of a lab."""
    return build_folder() / "release" / lab / f"{lab}.ipynb"


def key_of(student):
    """Return the name under which nbgrader knows a student.

    It takes names as patterns of files, so `*`, `?`, `[`, `]` and `%` are written as
    in an address: `a%2A` for `a*`. Other names stay as they are.
    """
    return PATTERN.sub(lambda found: f"%{ord(found[0]):02X}", student)


def release(labs):
    """Make the students' copies, without solutions and hidden tests.

    Args:
        labs: list of full names.

    Returns:
        list of paths of the students' notebooks.

    Raises:
        GradingFailed: nbgrader refused a source; its words are in the message.
    """
    build_folder().mkdir(parents=True, exist_ok=True)
    # nbgrader takes patterns; to start it once a lab takes most of the time.
    for chosen in ["lab*"] if set(labs) == set(names()) else labs:
        command.nbgrader(
            *("generate_assignment", chosen, "--create", "--force"),
            build=build_folder(),
        )
    return [released(lab) for lab in labs]
