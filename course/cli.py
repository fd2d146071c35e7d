"""The command `course`."""

import argparse
import os
import sys

from course import publish, results, run, site
from course.labs import grade
from helpers import catalogue
from helpers.budget import BUDGETS, current_budget, parse_seed
from helpers.files import OUTPUTS, ROOT, replace_text

BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"

RUN_HELP = """\
Run lessons from the first cell to the last, without a browser.

  course run                      every lesson at this machine's budget
  course run 01 02 --budget smoke two lessons, in seconds
  course run 04 --seed 1          another seed, for the spread of the results
  course run 02 --backend jax     the same lesson on JAX

The executed notebook goes to outputs/. What a lesson measured goes to
data/results.json, but for the smoke budget, which measures nothing."""

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

The copies go to build/labs/release; hand out those files."""

GRADE_HELP = """\
Grade a folder of submissions that holds STUDENT/LAB.ipynb for each student.

  course labs grade submissions
  course labs grade submissions --jobs 4 --seconds 120

Student code runs in a sandbox (bubblewrap) without network, with limits on time and
memory. A submission that cannot be graded is named, and the rest are graded. Marks go
to build/labs/marks.csv, feedback to build/labs/feedback; answers in words wait for a
person: jupyter lab, then the Formgrader."""


def main(arguments=None):
    """Run the command; return its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return options.action(options) or 0
    except (ValueError, OSError, run.PageFailed, grade.GradingFailed) as error:
        print(f"course: {_one_line(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("course: stopped.", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(
        prog="course",
        description="Generative models, lesson by lesson: list, run, and look up what "
        "was measured.",
        epilog="To read and run the lessons yourself: "
        "jupyter lab notebooks/00_start_here.ipynb",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="name the lessons")
    listing.set_defaults(action=_list)

    running = commands.add_parser(
        "run",
        help="run pages without a browser",
        description=RUN_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    running.add_argument(
        "pages", nargs="*", metavar="PAGE", help="such as 02 or solutions/02"
    )
    running.add_argument("--budget", choices=BUDGETS, help="how much to train")
    running.add_argument("--backend", choices=("tensorflow", "jax", "torch"))
    running.add_argument("--seed", help="whole number ≥ 0 (default 0)")
    running.add_argument(
        "--write",
        action="store_true",
        help="replace the notebooks' outputs by those of this run",
    )
    running.set_defaults(action=_run)

    table = commands.add_parser(
        "results",
        help="print the measured results, and bring README's table up to date",
    )
    table.set_defaults(action=_results)

    publishing = commands.add_parser(
        "publish",
        help="let Colab open the notebooks from your repository",
        description=PUBLISH_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    publishing.add_argument("address", nargs="?", metavar="OWNER/REPO")
    publishing.add_argument(
        "--reference", help="branch or tag to fetch (default: the current branch)"
    )
    publishing.set_defaults(action=_publish)

    website = commands.add_parser(
        "site",
        help="make the website of the lessons, to be read offline",
        description=SITE_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    website.set_defaults(action=_site)
    _add_labs(commands)
    return parser


def _add_labs(commands):
    about = "hand out labs and grade what comes back"
    parser = commands.add_parser("labs", help=about, description=f"{about}.")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    raw = argparse.RawDescriptionHelpFormatter

    releasing = actions.add_parser(
        "release",
        help="make the students' copies",
        description=RELEASE_HELP,
        formatter_class=raw,
    )
    releasing.add_argument("labs", nargs="*", metavar="LAB", help="such as lab01")
    releasing.set_defaults(action=_release)

    grading = actions.add_parser(
        "grade",
        help="grade a folder of submissions",
        description=GRADE_HELP,
        formatter_class=raw,
    )
    grading.add_argument("folder", metavar="FOLDER")
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
    grading.set_defaults(action=_grade)


def _release(options):
    chosen = [catalogue.find(name, "lab").stem for name in options.labs]
    for path in grade.release(chosen or grade.names()):
        print(path)


def _grade(options):
    from tqdm import tqdm

    with tqdm(total=len(grade.collect(options.folder)), unit="submission") as bar:

        def tell(submission, status):
            bar.update()
            if status != "graded":
                bar.write(f"{'/'.join(submission)}: {status}")

        rows = grade.grade(
            options.folder,
            isolated=not options.unsafe,
            seconds=options.seconds,
            cell_seconds=options.cell_seconds,
            memory_mib=options.memory,
            jobs=options.jobs,
            on_graded=tell,
        )
    for row in rows:
        points = f"{row['score']:g}/{row['max_score']:g}"
        print(f"{row['student']:20} {row['lab']:20} {points:>8}  {row['status']}")
    print(f"marks: {grade.build_folder() / 'marks.csv'}")
    print(f"feedback: {grade.build_folder() / 'feedback'}")


def _list(options):
    for page in catalogue.pages("lesson", "further"):
        print(f"{page.name:24}  {page.title()}")


def _run(options):
    from tqdm import tqdm

    chosen = [catalogue.find(name) for name in options.pages]
    chosen = chosen or catalogue.pages("lesson")
    OUTPUTS.mkdir(exist_ok=True)  # what would fail, fails before minutes of work
    if options.seed is not None:
        parse_seed(options.seed, name="--seed")
    if os.environ.get("COURSE_BUDGET"):
        current_budget()
    failures = []
    for page in chosen:
        with tqdm(total=len(page.read().cells), desc=page.name, unit="cell") as bar:
            try:
                notebook, rows = run.execute(
                    page,
                    budget=options.budget,
                    backend=options.backend,
                    seed=options.seed,
                    on_cell=bar.update,
                )
            except run.PageFailed as error:
                failures.append(_one_line(error))
                continue
        run.save(notebook, run.output_path(page))
        if options.write:
            run.save(notebook, page.path)
        results.add(row for row in rows if row["budget"] != "smoke")
        for row in rows:
            print(f"  {row['metric']:28} {row['value']:<10.5g} {row['unit']}")
    for failure in failures:
        print(f"failed: {failure}", file=sys.stderr)
    return len(failures) > 0


def _results(options):
    table = results.table()
    print(table)
    readme = ROOT / "README.md"
    text = readme.read_text("utf-8")
    if BEGIN not in text or END not in text:
        raise ValueError(f"README.md has no place for results ({BEGIN} … {END}).")
    head, rest = text.split(BEGIN, 1)
    tail = rest.split(END, 1)[1]
    replace_text(readme, f"{head}{BEGIN}\n\n{table}\n\n{END}{tail}")


def _publish(options):
    if options.address is None:
        address = publish.own_address()
    else:
        address = publish.parse_address(options.address)
    reference = options.reference or publish.own_branch()
    changed = publish.publish(address, reference)
    print(f"Address {address}, reference {reference}.")
    print(f"Changed {len(changed)} notebooks; commit and push them.")


def _site(options):
    print(f"Open {site.build()}")


def _one_line(error):
    """Return an error's message without line breaks."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or ''}: {error.strerror}".lstrip(": ")
    return " ".join(str(error).split())


if __name__ == "__main__":
    sys.exit(main())
