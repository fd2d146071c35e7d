"""Make the notebooks openable in Colab: stamp the course's address into each.

Every notebook holds one cell, `colab_cell`, which fetches the course when it runs in
Colab and does nothing elsewhere. As the course is kept the cell has no address; the
command `course publish` writes it, and puts a link to Colab below the title.
"""

import json
import pathlib
import re
import subprocess

from helpers import catalogue
from helpers.files import ROOT, replace_text

import nbformat

CELL_ID = "colab"

CELL = """\
import importlib.util
import os
import subprocess
import sys

# `course publish` fills in where the course is.
COURSE = {address}
REFERENCE = {reference}
try:
    in_colab = importlib.util.find_spec("google.colab") is not None
except ModuleNotFoundError:
    in_colab = False

if in_colab and importlib.util.find_spec("helpers") is None:
    if not COURSE:
        raise RuntimeError("Whoever keeps this copy must run `course publish` first.")
    if not os.path.isdir("course"):
        git = ["git", "-c", "advice.detachedHead=false", "clone", "--quiet"]
        options = ["--depth=1", f"--branch={{REFERENCE}}"]
        subprocess.run([*git, *options, COURSE, "course"], check=True)
    sys.path.insert(0, os.path.abspath("course"))
    os.chdir({folder})
    importlib.import_module("helpers.colab").install_missing()"""

FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}
STAMP = re.compile(r'^COURSE = (".*")\nREFERENCE = (".*")$', re.MULTILINE)
BADGE = re.compile(r"^\[!\[[^\]]*\]\([^)]*colab\.svg\)\]\([^)]*\)\n\n?", re.MULTILINE)
CLONE = re.compile(r"^git clone \S+ generative-models$", re.MULTILINE)
PLACE = "<!-- colab -->"  # README's line for the link to Colab
COLAB = "https://colab.research.google.com/github"
HOST = r"(?P<host>[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)"
PATH = r"((?:/[\w.~-]+)+)/?"
ADDRESSES = {  # how each kind is written: what `git clone` gets of it
    rf"https://(?:[^/@\s]*@)?{HOST}(:[0-9]{{1,5}})?{PATH}": "https://{}{}{}",
    rf"ssh://git@{HOST}(?::[0-9]{{1,5}})?{PATH}": "https://{}{}",
    rf"git@{HOST}:([\w.~-]+(?:/[\w.~-]+)*)/?": "https://{}/{}",
    rf"file://{PATH}": "file://{}",
    r"([\w-]+)/([\w.-]+)": "https://github.com/{}/{}",
}


def colab_cell(address="", reference="", *, folder="notebooks"):
    """Return the source of a notebook's cell for Colab.

    Args:
        address: str. What `git clone` fetches; empty: not published.
        reference: str. A branch or tag.
        folder: str. Where the notebook lies, from the course's root.
    """
    texts = {"address": address, "reference": reference, "folder": f"course/{folder}"}
    return CELL.format(**{name: _literal(text) for name, text in texts.items()})


def read_stamp(notebook):
    """Return a notebook's `(address, reference)`, empty strings where not published.

    Raises:
        ValueError: the notebook has no cell for Colab.
    """
    for cell in notebook.cells:
        if cell.get("id") == CELL_ID and (found := STAMP.search(cell.source)):
            return tuple(json.loads(text) for text in found.groups())
    raise ValueError(f"there is no cell {CELL_ID!r} as `colab_cell` writes it")


def parse_address(text):
    """Return the address that `git clone` fetches.

    Args:
        text: str. `OWNER/REPO` on GitHub, or an address that begins with `https://`,
            `file://`, `ssh://git@` or `git@`. Of the last two, host and path are taken
            for an address by https; a port of ssh is none of https. A user name or
            password is left out.

    Raises:
        ValueError: it is none of these, or holds other characters than letters, digits
            and `.-_~/` in its host and path, or `..`.
    """
    text = text.strip()
    for pattern, address in ADDRESSES.items():
        found = re.fullmatch(pattern, text, re.ASCII)
        if found and ".." not in text:
            parts = [part or "" for part in found.groups()]
            if "host" in found.groupdict():
                parts[0] = parts[0].lower()
            parts[-1] = parts[-1].removesuffix(".git")
            if parts[-1].strip("/"):
                return address.format(*parts)
    raise ValueError(
        f"Expected OWNER/REPO on GitHub, or an address as https://HOST/OWNER/REPO, "
        f"got {text!r}."
    )


def own_address():
    """Return the address of this checkout's remote `origin`.

    Raises:
        ValueError: there is none.
    """
    text = _git("remote", "get-url", "origin")
    if not text:
        raise ValueError(
            "This checkout has no remote named origin to take the address from. "
            "Say it: course publish OWNER/REPO."
        )
    return parse_address(text)


def own_branch():
    """Return the branch that is checked out, or `"main"` where none is."""
    return _git("branch", "--show-current") or "main"


def stamp(notebook, path, address, reference):
    """Write address and link into a notebook, in place of those it has.

    Args:
        notebook: nbformat notebook, changed.
        path: `pathlib.PurePosixPath`. Where it lies, from the course's root.
        address: str from `parse_address`.
        reference: str. A branch or tag.

    Raises:
        ValueError: the notebook has no cell for Colab.
    """
    read_stamp(notebook)
    folder = path.parent.as_posix()
    for cell in notebook.cells:
        if cell.get("id") == CELL_ID:
            cell.source = colab_cell(address, reference, folder=folder)
            cell.metadata.update(FOLDED)
    title = notebook.cells[0]
    heading, _, rest = BADGE.sub("", title.source).partition("\n\n")
    parts = [heading, _badge(path, address, reference), rest]
    title.source = "\n\n".join(part for part in parts if part)


def stamp_readme(text, address, reference):
    """Return README's text with the address to clone, and the link to Colab.

    The link stands below README's mark for it, and opens lesson 00.
    """
    text = CLONE.sub(lambda _: f"git clone {address} generative-models", text)
    if PLACE not in text:
        return text
    path = pathlib.PurePosixPath("notebooks/00_start_here.ipynb")
    badge = _badge(path, address, reference).replace("(images/", "(notebooks/images/")
    head, rest = text.split(PLACE, 1)
    rest = BADGE.sub("", rest.lstrip("\n"), count=1)
    return "\n\n".join(part for part in (head + PLACE, badge, rest) if part)


def publish(address, reference):
    """Stamp every notebook and README; return the paths of those that changed.

    Raises:
        ValueError: a notebook has no cell for Colab, or `reference` is no name. Nothing
            is changed then.
    """
    if not re.fullmatch(r"\w[\w./-]*", reference, re.ASCII) or ".." in reference:
        raise ValueError(f"Expected a branch or tag, got {reference!r}.")
    changed = {}
    for page in catalogue.pages():
        path = page.path
        before = path.read_text("utf-8")
        notebook = nbformat.reads(before, as_version=4)
        if page.kind == "lab" and not _has_cell(notebook):
            continue
        where = pathlib.PurePosixPath(path.relative_to(ROOT).as_posix())
        try:
            stamp(notebook, where, address, reference)
        except ValueError as error:
            raise ValueError(f"{where}: {error}.") from error
        after = nbformat.writes(notebook) + "\n"
        if after != before:
            changed[path] = after
    readme = ROOT / "README.md"
    if readme.exists():
        before = readme.read_text("utf-8")
        after = stamp_readme(before, address, reference)
        if after != before:
            changed[readme] = after
    for path, text in changed.items():
        replace_text(path, text)
    return list(changed)


def colab_link(path, address, reference):
    """Return Colab's address of a notebook, or `""` if it is not on GitHub."""
    owner = address.removeprefix("https://github.com/")
    if owner == address:
        return ""
    return f"{COLAB}/{owner}/blob/{reference}/{path}"


def _literal(text):
    """Return a text as Python writes it, whatever is in it, in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def _has_cell(notebook):
    return any(cell.get("id") == CELL_ID for cell in notebook.cells)


def _badge(path, address, reference):
    """Return the picture that links to Colab, or `""` if Colab cannot open it."""
    link = colab_link(path, address, reference)
    image = f"{'../' * (len(path.parts) - 2)}images/colab.svg"
    return f"[![Open this notebook in Google Colab]({image})]({link})" if link else ""


def _git(*arguments):
    """Return what a git command says about this checkout, `""` where it fails."""
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True
        )
    except FileNotFoundError:  # git is not installed
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
