"""Complete Colab's packages without replacing any of them."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib

from helpers.files import ROOT

NOT_IN_COLAB = {"jupyterlab"}  # Colab is the notebook server


def missing_requirements():
    """Return the course's requirements whose packages are not installed here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    missing = []
    for requirement in project["dependencies"]:
        name = re.match(r"[\w.-]+", requirement)[0]
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            if name not in NOT_IN_COLAB:
                missing.append(requirement)
    return missing


def install_missing():
    """Install what is missing, and nothing else: what is there keeps its version.

    Raises:
        subprocess.CalledProcessError: pip failed.
    """
    missing = missing_requirements()
    if missing:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*pip, *missing], check=True)
