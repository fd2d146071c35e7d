"""Every lesson under Colab's versions, as Colab runs it: only the notebook is there.

A fresh virtual environment holds what Colab has and nothing more, `google.colab` is a
stand-in, and the course's address is a local repository. Needs uv, the two Pythons and
a package index.
"""

import glob
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tomllib

from helpers import catalogue
from helpers.files import ROOT

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell
from packaging.requirements import Requirement

LESSONS = [page.name for page in catalogue.pages("lesson")]
RUNTIMES = {"3.12": "numpy==2.0.2", "3.13": "numpy==2.1.3"}
PACKAGES = (
    *("tensorflow==2.20.0", "keras==3.13.2", "matplotlib==3.10.0"),
    *("ipywidgets==7.7.1", "ipykernel==6.17.1", "ipython==7.34.0"),
    *("scikit-learn==1.6.1", "nbclient", "nbformat", "psutil", "requests", "tqdm"),
)
NEVER_REPLACED = ("tensorflow", "keras", "numpy", "matplotlib", "ipython")


def find_python(version):
    """Return the path of a Python of this version that starts, or `None`."""
    pyenv = os.environ.get("PYENV_ROOT", str(pathlib.Path.home() / ".pyenv"))
    places = sorted(glob.glob(f"{pyenv}/versions/{version}.*/bin/python"))
    for place in [f"python{version}", *places]:
        found = shutil.which(place)
        if (
            found
            and not subprocess.run([found, "-c", ""], capture_output=True).returncode
        ):
            return found
    return None


@pytest.fixture(scope="module", params=RUNTIMES)
def runtime(request, tmp_path_factory):
    """A virtual environment like Colab's; the path of its Python."""
    python, uv = find_python(request.param), shutil.which("uv")
    if python is None or uv is None:
        lacking = f"python{request.param}" if uv else "uv"
        pytest.skip(f"{lacking} is not installed")
    folder = tmp_path_factory.mktemp(f"colab{request.param}") / "venv"
    own = folder / "bin" / "python"
    for arguments in (
        ["venv", "--seed", "--python", python, str(folder)],
        ["pip", "install", "--python", str(own), RUNTIMES[request.param], *PACKAGES],
    ):
        subprocess.run([uv, arguments[0], "--quiet", *arguments[1:]], check=True)
    [packages] = folder.glob("lib/python*/site-packages")
    (packages / "google" / "colab").mkdir(parents=True)
    (packages / "google" / "colab" / "__init__.py").touch()
    return own


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    """A repository with this checkout's files, published by the command `course`."""
    folder = tmp_path_factory.mktemp("origin") / "repository"

    def git(*arguments, where=folder):
        command = ["git", "-C", str(where), "-c", "user.name=Ada"]
        command += ["-c", "user.email=ada@example.org", *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return done.stdout

    listing = ("ls-files", "--cached", "--others", "--exclude-standard")
    for name in git(*listing, where=ROOT).splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git("init", "--quiet", "--initial-branch", "main")
    publish = ["-m", "course.cli", "publish", f"file://{folder}"]
    subprocess.run([sys.executable, *publish], cwd=folder, check=True)
    git("add", ".")
    git("commit", "--quiet", "--message", "Publish")
    return folder


def versions(python):
    """Return the versions of what must not be replaced, as that Python sees them."""
    code = "import importlib.metadata as m, sys; print(*map(m.version, sys.argv[1:]))"
    command = [str(python), "-c", code, *NEVER_REPLACED]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.colab
@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_runs_in_colab(runtime, origin, name, tmp_path, monkeypatch):
    spec = {
        "argv": [str(runtime), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Colab",
        "language": "python",
    }
    (tmp_path / "kernels" / "colab").mkdir(parents=True)
    (tmp_path / "kernels" / "colab" / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    (tmp_path / "content").mkdir()
    before = versions(runtime)

    notebook = nbformat.read(origin / "notebooks" / f"{name}.ipynb", as_version=4)
    where = "import helpers, os; print(helpers.__file__); print(os.getcwd())"
    notebook.cells.append(new_code_cell(where))
    client = NotebookClient(
        notebook,
        kernel_name="colab",
        timeout=600,
        resources={"metadata": {"path": str(tmp_path / "content")}},
    )
    kept = {"PATH", "HOME", "LANG", "TMPDIR"}
    kept |= {name for name in os.environ if name.startswith(("PIP_", "UV_", "SSL_"))}
    environment = {key: os.environ[key] for key in kept if key in os.environ}
    environment |= {"COURSE_BUDGET": "smoke", "COURSE_OFFLINE": "1"}
    with client.setup_kernel(env=environment, stderr=subprocess.DEVNULL):
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)

    course = tmp_path / "content" / "course"
    told = notebook.cells[-1].outputs[0].text.split()
    assert told == [str(course / "helpers" / "__init__.py"), str(course / "notebooks")]
    assert versions(runtime) == before


def refused(requirements, versions):
    """Return the requirements that versions such as `"numpy==2.0.2"` do not meet."""
    pinned = dict(text.split("==") for text in versions if "==" in text)
    return [
        str(requirement)
        for requirement in map(Requirement, requirements)
        if requirement.name in pinned
        and not requirement.specifier.contains(pinned[requirement.name])
    ]


@pytest.mark.parametrize("python", RUNTIMES)
def test_colab_has_versions_that_the_course_allows(python):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found = [*PACKAGES, RUNTIMES[python]]
    assert refused(project["dependencies"], found) == []
    assert Requirement(f"python{project['requires-python']}").specifier.contains(python)


def test_an_older_version_is_refused_as_a_version_and_not_as_a_text():
    requirements = ["keras>=3.13", "numpy>=2.0", "scipy>=1.14"]
    assert refused(requirements, ["keras==3.9.2", "numpy==2.0.2"]) == ["keras>=3.13"]
    assert refused(requirements, ["keras==3.13.2", "numpy==10.0"]) == []
