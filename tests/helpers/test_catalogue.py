from helpers import catalogue

import nbformat
import pytest

PLACES = {
    "lesson": ["01_ae.ipynb", "02_vae.ipynb"],
    "further": ["further/02_vae.ipynb"],
    "solution": ["solutions/01_ae.ipynb"],
    "lab": ["labs/lab01_ae/lab01_ae.ipynb", "labs/lab02_vae/lab02_vae.ipynb"],
    "project": ["projects/project1_vae/project1_vae.ipynb"],
}


@pytest.fixture(autouse=True)
def course(tmp_path, monkeypatch):
    """A course with a page of each kind, and one of them in Spanish too."""
    monkeypatch.setattr(catalogue, "NOTEBOOKS", tmp_path)
    others = ["es/01_ae.ipynb", "images/01_ae.svg", "labs/lab01_ae/notes.ipynb"]
    for place in [*sum(PLACES.values(), []), *others]:
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        cells = [nbformat.v4.new_markdown_cell(f"# Of {place}\n\nText.")]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return tmp_path


@pytest.mark.parametrize("kind", catalogue.KINDS)
def test_each_kind_has_its_place(kind, course):
    found = catalogue.pages(kind)
    assert [page.path for page in found] == [course / place for place in PLACES[kind]]
    assert {page.kind for page in found} == {kind}


def test_all_kinds_together_are_all_pages_each_with_a_name_of_its_own():
    names = [page.name for page in catalogue.pages()]
    assert len(names) == len(set(names)) == sum(map(len, PLACES.values()))
    assert names[:3] == ["01_ae", "02_vae", "further/02_vae"]
    assert names[-3:] == ["labs/lab01_ae", "labs/lab02_vae", "projects/project1_vae"]


def test_another_language_has_pages_of_its_own():
    [page] = catalogue.pages(language="es")
    assert (page.kind, page.name, page.language) == ("lesson", "01_ae", "es")
    assert page.title() == "Of es/01_ae.ipynb"


@pytest.mark.parametrize(
    "said, kinds, meant",
    [
        ("02_vae", (), "02_vae"),
        ("02", (), "02_vae"),
        ("further/02", (), "further/02_vae"),
        ("solutions/01_ae", (), "solutions/01_ae"),
        ("lab01", ("lab",), "labs/lab01_ae"),
        ("labs/lab01", ("lab",), "labs/lab01_ae"),
        ("02", ("further",), "further/02_vae"),
    ],
)
def test_a_page_is_found_by_its_name_or_its_beginning(said, kinds, meant):
    assert catalogue.find(said, *kinds).name == meant


@pytest.mark.parametrize("said", ["09", "0", "", "02_vea", "labs/lab0"])
def test_an_unknown_or_unclear_page_is_named_with_those_that_exist(said):
    with pytest.raises(ValueError, match=f"No page '{said}'.*01_ae, 02_vae"):
        catalogue.find(said)


def test_a_kind_that_there_is_not_is_an_error():
    with pytest.raises(ValueError, match=r"lesson, further.*got \['video'\]"):
        catalogue.pages("video")
