"""Every page of the course: what kind it is, and where it lies.

| Kind | Place below `notebooks/` | Name |
| --- | --- | --- |
| lesson | `02_vae.ipynb` | `02_vae` |
| further | `further/02_vae.ipynb` | `further/02_vae` |
| solution | `solutions/02_vae.ipynb` | `solutions/02_vae` |
| lab | `labs/lab02_vae/lab02_vae.ipynb` | `labs/lab02_vae` |
| project | `projects/project1_vae/project1_vae.ipynb` | `projects/project1_vae` |

An edition in another language has the same places below `notebooks/es/` and the like.
"""

import dataclasses
import json
import pathlib

from helpers.files import NOTEBOOKS

ENGLISH = "en"
PATTERNS = {
    "lesson": "[0-9][0-9]_*.ipynb",
    "further": "further/[0-9][0-9]_*.ipynb",
    "solution": "solutions/[0-9][0-9]_*.ipynb",
    "lab": "labs/lab*/lab*.ipynb",
    "project": "projects/project*/project*.ipynb",
}
KINDS = tuple(PATTERNS)


@dataclasses.dataclass(frozen=True)
class Page:
    """One notebook of the course.

    Attributes:
        kind: one of `KINDS`.
        name: str. Its name among all pages of its language, such as `"02_vae"`,
            `"further/02_vae"` or `"labs/lab02_vae"`.
        path: `pathlib.Path` of the notebook.
        language: str, such as `"en"`.
    """

    kind: str
    name: str
    path: pathlib.Path
    language: str = ENGLISH

    @property
    def stem(self):
        """The name without the kind's folder: `"02_vae"`, `"lab02_vae"`."""
        return self.path.stem

    def read(self):
        """Return the notebook, as nbformat has it."""
        import nbformat

        return nbformat.read(self.path, as_version=4)

    def title(self):
        """Return the page's heading, without its mark."""
        cells = json.loads(self.path.read_text("utf-8"))["cells"]  # nbformat is slow
        return "".join(cells[0]["source"]).splitlines()[0].lstrip("# ")


def pages(*kinds, language=ENGLISH):
    """Return the pages in the order in which they are read.

    Args:
        kinds: any of `KINDS`; none means all of them.
        language: str, such as `"en"`.

    Returns:
        list of `Page`, kind by kind.

    Raises:
        ValueError: a kind that there is not.
    """
    unknown = set(kinds) - set(KINDS)
    if unknown:
        raise ValueError(f"kinds must be of {', '.join(KINDS)}, got {sorted(unknown)}.")
    root = NOTEBOOKS if language == ENGLISH else NOTEBOOKS / language
    found = []
    for kind in kinds or KINDS:
        for path in sorted(root.glob(PATTERNS[kind])):
            folder = PATTERNS[kind].rpartition("/")[0].split("/")[0]
            name = f"{folder}/{path.stem}" if folder else path.stem
            found.append(Page(kind, name, path, language))
    return found


def find(name, *kinds, language=ENGLISH):
    """Return the page of a name, or of the only name that begins so.

    Args:
        name: str, such as `"02_vae"`, `"02"`, `"further/02"` or `"labs/lab02"`. Where
            `kinds` holds one kind alone, its folder may be left out: `"lab02"`.
        kinds, language: as in `pages`.

    Returns:
        `Page`.

    Raises:
        ValueError: no page, or more than one, is meant. Names those that there are.
    """
    known = pages(*kinds, language=language)
    matches = [page for page in known if page.name == name]
    if len(kinds) == 1:
        matches = matches or [page for page in known if page.stem == name]
        matches = matches or [page for page in known if page.stem.startswith(name)]
    matches = matches or [page for page in known if page.name.startswith(name)]
    if len(matches) != 1 or not name:
        what = kinds[0] if len(kinds) == 1 else "page"
        names = ", ".join(page.name for page in known)
        raise ValueError(f"No {what} {name!r}. There are: {names}.")
    return matches[0]
