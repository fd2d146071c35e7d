"""The words of the command `course`: its actions, their options and their help."""

import argparse

from helpers.budget import BUDGETS

RUN_HELP = """\
Run pages from the first cell to the last, without a browser.

  course run                      every lesson at this machine's budget
  course run 01 02 --budget smoke two lessons, in seconds
  course run further/02           what goes further than lesson 02
  course run solutions/02         the solutions of its exercises
  course run 02 --backend jax     the same lesson on JAX
  course run 04 --seed 1 --record another seed, for the spread of the results

The executed notebook goes to outputs/, and what it measured to outputs/results.json.
Each figure is printed beside the recorded ones, with its distance from their mean in
standard deviations over seeds. --record puts the figures into the record itself,
data/results.json. The smoke budget measures nothing, so its figures are neither kept
nor compared."""

COPY_HELP = """\
Copy all pages into a folder to work on, labs without their solutions. Pages that are
there already stay as they are."""

RESULTS_HELP = """\
Print the record of what the lessons measured. Without PAGE and --json, also bring
README's tables and data/results.md up to date with it."""

PUBLISH_HELP = """\
Write the course's address into every notebook, so that Colab can fetch the course.

  course publish                   the address of this checkout's remote `origin`
  course publish OWNER/REPO        a repository on GitHub
  course publish OWNER/REPO --reference v1.0

Each notebook gets a link to Colab below its title, and its first code cell learns
where to clone from. Commit the notebooks and push. Doing it again changes nothing;
another address replaces the first."""

SITE_HELP = """\
Make the website in build/site: the lessons as they are, with their outputs, the
glossary and the results. It executes no lesson, takes about a quarter of a minute, and
needs a few packages more:

  uv sync --inexact --group site
  uv run course site

The pages load nothing from other hosts: read them from a disk, or put the folder on any
web server."""

RELEASE_HELP = """\
Make the students' copies of labs: without solutions, without hidden tests.

  course labs release             every lab
  course labs release lab01       one lab

The copies go to build/labs/release. The student edition, with the lessons and with
these labs alone, goes to build/labs/student and to build/labs/student.zip."""

GRADE_HELP = """\
Grade a folder of submissions that holds STUDENT/LAB.ipynb for each student, or the zip
of an assignment's submissions as Moodle and Canvas write it.

  course labs grade submissions
  course labs grade submissions.zip --lab lab01
  course labs grade submissions --jobs 4 --seconds 120

Student code runs in a sandbox (bubblewrap) without network, with limits on time and
memory. A submission that cannot be graded is named, and the rest are graded. Marks go
to build/labs/marks.csv, feedback to build/labs/feedback; answers in words wait for a
person: jupyter lab, then the Formgrader."""

TIME_HELP = """\
Grade the model answers of each lab, one after the other, and print the seconds. The
machine should have nothing else to do."""

SCORE_HELP = """\
Score what was handed in for a project and write its leaderboard.

  course labs score project2 submissions
  course labs score project2 submissions.zip

The folder or zip is as for `course labs grade`, with PROJECT.npz of each student. These
files are read as plain arrays; nothing in them runs. The table goes to build/labs."""


def make_parser():
    """Return the parser; its `action` names a function of `course.cli`."""
    parser = argparse.ArgumentParser(
        prog="course",
        description="Generative models, lesson by lesson: list, run, and look up what "
        "was measured.",
        epilog="To read and run the lessons yourself: "
        "jupyter lab notebooks/00_start_here.ipynb",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="action")

    about = "name the lessons and further pages, with their minutes and subjects"
    listing = _add(commands, "list", about)
    listing.add_argument("--json", action="store_true", help="for programs")

    copying = _add(commands, "copy", "make a copy of the pages to work on", COPY_HELP)
    copying.add_argument(
        "folder", nargs="?", metavar="FOLDER", help="default: my_course"
    )

    running = _add(commands, "run", "run pages without a browser", RUN_HELP)
    running.add_argument(
        "pages", nargs="*", metavar="PAGE", help="such as 02, further/02 or labs/lab02"
    )
    running.add_argument("--budget", choices=BUDGETS, help="how much to train")
    running.add_argument("--backend", choices=("tensorflow", "jax", "torch"))
    running.add_argument("--seed", help="whole number ≥ 0 (default 0)")
    running.add_argument(
        "--record",
        action="store_true",
        help="put what is measured into data/results.json",
    )
    running.add_argument(
        "--write",
        action="store_true",
        help="replace the notebooks' outputs by those of this run",
    )

    table = _add(commands, "results", "print the measured results", RESULTS_HELP)
    table.add_argument("page", nargs="?", metavar="PAGE", help="such as 02")
    table.add_argument("--json", action="store_true", help="the rows, for programs")

    _add(commands, "samples", "draw README's picture from the outputs of the pages")

    about = "let Colab open the notebooks from your repository"
    publishing = _add(commands, "publish", about, PUBLISH_HELP)
    publishing.add_argument("address", nargs="?", metavar="OWNER/REPO")
    publishing.add_argument(
        "--reference", help="branch or tag to fetch (default: the current branch)"
    )

    about = "make the website of the lessons, to be read offline"
    _add(commands, "site", about, SITE_HELP)

    about = "make decks of slides of lessons, in build/slides"
    showing = _add(commands, "slides", about)
    showing.add_argument("pages", nargs="+", metavar="PAGE", help="such as 02")

    about = "write the quizzes for a learning platform (GIFT) and for print"
    _add(commands, "quizzes", about)
    _add_labs(commands)
    return parser


def _add_labs(commands):
    parser = _add(commands, "labs", "hand out labs and grade what comes back")
    actions = parser.add_subparsers(required=True, metavar="ACTION", dest="action")

    releasing = _add(actions, "release", "make the students' copies", RELEASE_HELP)
    releasing.add_argument("labs", nargs="*", metavar="LAB", help="such as lab01")

    grading = _add(actions, "grade", "grade a folder of submissions", GRADE_HELP)
    grading.add_argument("folder", metavar="FOLDER_OR_ZIP")
    grading.add_argument(
        "--lab", help="the lab that was asked for (all that are found)"
    )
    grading.add_argument(
        "--seconds", type=int, default=300, help="time for a submission (300)"
    )
    grading.add_argument(
        "--cell-seconds", type=int, default=60, help="time for one cell (60)"
    )
    grading.add_argument(
        "--memory", type=int, default=4096, help="memory of a kernel, in MiB (4096)"
    )
    grading.add_argument(
        "--jobs", type=int, default=2, help="submissions graded at once (2)"
    )
    grading.add_argument(
        "--unsafe",
        action="store_true",
        help="run student code without a sandbox, as a program of yours",
    )

    scoring = _add(actions, "score", "write the leaderboard of a project", SCORE_HELP)
    scoring.add_argument("project", metavar="PROJECT", help="such as project2")
    scoring.add_argument("folder", metavar="FOLDER_OR_ZIP")

    about = "measure how long a submission takes to grade"
    timing = _add(actions, "time", about, TIME_HELP)
    timing.add_argument("labs", nargs="*", metavar="LAB", help="such as lab01")
    timing.add_argument(
        "--record", action="store_true", help="put the seconds into data/results.json"
    )

    about = "write the tables of marks anew, after points were given by hand"
    _add(actions, "marks", about)


def _add(commands, name, about, description=None):
    """Add an action and return its parser; a description keeps its lines."""
    return commands.add_parser(
        name,
        help=about,
        description=description or f"{about}.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
