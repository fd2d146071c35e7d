"""The two commands of the README rest on these files."""

import re
import tomllib

from helpers import catalogue
from helpers.files import ROOT

import yaml


def test_the_lock_names_the_public_index_only():
    text = (ROOT / "uv.lock").read_text()
    hosts = set(re.findall(r"https?://([^/\"]+)", text))
    assert hosts == {"pypi.org", "files.pythonhosted.org"}
    assert "file://" not in text


def test_the_conda_environment_has_the_course_and_what_tests_and_teaching_take():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    parts = environment["dependencies"]
    [installed] = [d["pip"] for d in parts if isinstance(d, dict)]
    assert installed == ["-e .", *sorted(groups["dev"] + groups["teach"])]
    assert project["project"]["requires-python"] == ">=3.11,<3.14"


def test_the_readme_offers_every_lesson():
    readme = (ROOT / "README.md").read_text()
    for page in catalogue.pages("lesson"):
        assert f"notebooks/{page.name}.ipynb" in readme
