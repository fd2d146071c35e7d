"""The ledger in words: README's tables, the page of all results, a line a lesson."""

import tomllib

from course import results
from helpers import catalogue
from helpers.files import DATA, ROOT, replace_text

WEBSITE = ROOT / "website"
RESULTS_PAGE = DATA / "results.md"
COSTS = ("s", "ms", "min", "MiB", "GFLOP/s")  # units of what a run takes
USUAL = ("cpu", "2 CPU cores", "tensorflow")  # said once, above the tables
RESULTS_HEAD = """\
# Results

Every figure that the lessons measured, on held-out data; ± is the standard deviation
over seeds. Unless a row says otherwise, it was measured on two CPU cores at the budget
`cpu` with TensorFlow. A nat is a unit of surprise, 1.44 bits.
"""


def lessons():
    """Return what `website/lessons.toml` says: dict of lesson to dict."""
    return tomllib.loads((WEBSITE / "lessons.toml").read_text("utf-8"))


def words(lesson, metric):
    """Return a metric in words; one that has none, by its own name."""
    known = tomllib.loads((WEBSITE / "metrics.toml").read_text("utf-8"))
    found = known.get(lesson, {}).get(metric) or known["pages"].get(metric)
    return found or metric.replace("_", " ")


def minutes(page):
    """Return how many minutes a page takes on two cores: int ≥ 1, or `None`.

    From the ledger, or where that has no time, from `website/lessons.toml`.
    """
    rows = _of(page.name, "run_seconds")
    if rows:
        return max(1, round(results.summarise(rows)[0] / 60))
    return lessons().get(page.name, {}).get("minutes")


def lessons_table():
    """Return README's table of lessons, in Markdown."""
    lines = [
        "| Lesson | You build | It ends with | Minutes | One number |",
        "| --- | --- | --- | --- | --- |",
    ]
    known = lessons()
    for page in catalogue.pages("lesson"):
        about = known.get(page.name)
        if about is None:
            raise ValueError(f"website/lessons.toml has no lesson {page.name!r}.")
        link = f"[{page.title()}](notebooks/{page.name}.ipynb)"
        number = one_number(page)
        lines.append(
            f"| {link} | {about['builds']} | {about['ends']} "
            f"| {minutes(page) or ''} | {number} |"
        )
    return "\n".join(lines)


def one_number(page):
    """Return a lesson's one figure with its words, `""` where it is not measured."""
    about = lessons()[page.name]["figure"]
    rows = _of(page.name, about["metric"])
    if not rows:
        return ""
    mean = results.three_digits(results.summarise(rows)[0])
    return f"**{mean}** {about['words']}"


def headlines():
    """Return the figures that stand beside those of others: list of dicts.

    Each has `words`, `figure`, `unit` and `others`, all str.
    """
    text = (WEBSITE / "headlines.toml").read_text("utf-8")
    found = []
    for about in tomllib.loads(text)["headline"]:
        rows = _of(about["lesson"], about["metric"])
        if rows:
            told = {"figure": results.figure(rows), "unit": rows[0]["unit"]}
            found.append(about | told)
    return found


def headlines_table():
    """Return README's short table of results, in Markdown."""
    lines = ["| What | Here | Best known of others |", "| --- | --- | --- |"]
    for told in headlines():
        here = f"{told['figure']} {told['unit']}"
        lines.append(f"| {told['words']} | {here} | {told['others']} |")
    return "\n".join(lines)


def table(rows):
    """Return rows of the ledger as a table of words: list of tuples of four str.

    Args:
        rows: list of dicts, such as the ledger's, of one lesson.

    Returns:
        list of `(words, figure, unit, circumstances)`.
    """
    lines = []
    for group in results.groups(rows):
        row, num_seeds = group[0], results.summarise(group)[2]
        how = [f"{num_seeds} seed{'s' if num_seeds != 1 else ''}"]
        how += [row["source"]]
        how += [row[name] for name in ("budget", "device", "backend")]
        how = ", ".join(part for part in how if part and part not in USUAL)
        told = words(row["lesson"], row["metric"])
        lines.append((told, results.figure(group), row["unit"], how))
    return lines


def results_page():
    """Return the ledger as a page in Markdown: for each lesson what it found, and took.

    Its links lead from a folder below the course's root, as `data` is.
    """
    text, rows = RESULTS_HEAD, results.load()
    pages = {page.name: page for page in catalogue.pages("lesson", "further")}
    for name in dict.fromkeys(row["lesson"] for row in rows):
        title = name
        if name in pages:
            title = f"[{pages[name].title()}](../notebooks/{name}.ipynb)"
        text += f"\n## {title}\n"
        own = [row for row in rows if row["lesson"] == name]
        found = [row for row in own if row["unit"] not in COSTS]
        took = [row for row in own if row["unit"] in COSTS]
        for heading, group in ("What", found), ("Time, speed and memory", took):
            if group:
                lines = [(heading, "Value", "Unit", "How"), ("---",) * 4]
                lines += table(group)
                text += "\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)
                text += "\n"
    return text


def write():
    """Bring README's tables and the page of results up to date; return both paths.

    Raises:
        ValueError: README.md has no place for one of the tables.
    """
    readme = ROOT / "README.md"
    text = readme.read_text("utf-8")
    text = replace_part(text, "lessons", lessons_table())
    text = replace_part(text, "results", headlines_table())
    replace_text(readme, text)
    replace_text(RESULTS_PAGE, results_page())
    return readme, RESULTS_PAGE


def replace_part(text, name, part):
    """Return a text with another part between its marks `<!-- name: begin/end -->`.

    Raises:
        ValueError: it has no such marks.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    if begin not in text or end not in text:
        raise ValueError(f"README.md has no place for {name} ({begin} … {end}).")
    head, rest = text.split(begin, 1)
    return f"{head}{begin}\n\n{part}\n\n{end}{rest.split(end, 1)[1]}"


def _of(lesson, metric):
    """Return the rows of a metric at the budget `cpu`, those with most seeds."""
    rows = [
        row
        for row in results.load()
        if (row["lesson"], row["metric"], row["budget"]) == (lesson, metric, "cpu")
    ]
    return max(results.groups(rows), key=len, default=[])
