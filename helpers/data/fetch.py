"""Find one data file, and never use a wrong one.

A file is looked for in the folder `COURSE_DATA` (one copy for a whole classroom), then
in the Keras cache, then at its official address. Its SHA-256 is checked each time.
"""

import hashlib
import os
import pathlib

import pooch
import requests
from tqdm.auto import tqdm

CONNECT_SECONDS, STALL_SECONDS = 4, 10


class Unavailable(OSError):
    """A file is in no folder and could not be downloaded."""


def sha256_of(path):
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def course_data():
    """Return the folder `COURSE_DATA` as a path, or `None` where it is unset.

    Raises:
        ValueError: `COURSE_DATA` is set and is not a folder.
    """
    text = os.environ.get("COURSE_DATA", "").strip()
    if not text:
        return None
    folder = pathlib.Path(text).expanduser()
    if not folder.is_dir():
        raise ValueError(f"COURSE_DATA must be a folder, got {text!r}.")
    return folder


def cache_folder():
    """Return the folder in which Keras keeps downloaded data sets."""
    home = os.environ.get("KERAS_HOME") or pathlib.Path.home() / ".keras"
    return pathlib.Path(home) / "datasets"


def fetch(name, *, url, sha256):
    """Return the path of a verified file, downloading it where it must be.

    Args:
        name: str. Path of the file below `COURSE_DATA` and below the Keras cache.
        url: str. Official address, `http`, `https`.
        sha256: str, 64 hexadecimal digits. What the file must add up to.

    Returns:
        `pathlib.Path` of a file whose SHA-256 is `sha256`.

    Raises:
        Unavailable: no folder has it and the download failed (no network, a stalled or
            failing server, a file with another sum), or `COURSE_OFFLINE` is set.
            Says the address, the target path and the way out.

    A file in `COURSE_DATA` with another sum is reported and left as it is. A cached one
    is fetched again.
    """
    folder = course_data()
    if folder and (folder / name).is_file():
        found = sha256_of(folder / name)
        if found == sha256:
            return folder / name
        print(
            f"Not used: {folder / name} has SHA-256 {found[:12]}…, "
            f"expected {sha256[:12]}…; the file is left as it is."
        )
    target = cache_folder() / name
    if target.is_file() and sha256_of(target) == sha256:
        return target
    try:
        if os.environ.get("COURSE_OFFLINE"):
            raise OSError("COURSE_OFFLINE is set")
        _download(url, target, sha256)
    except (OSError, ValueError) as error:  # requests' errors are OSErrors
        raise Unavailable(
            f"Could not get {name} from {url}: {_reason(error)}. Put the file at "
            f"{target}, or set COURSE_DATA to a folder that holds {name}."
        ) from error
    return target


def _download(url, target, sha256):
    """Download to a temporary file, check its sum, and only then move it in place."""
    pooch.get_logger().setLevel("WARNING")
    with tqdm(total=1, desc=target.name, unit="B", unit_scale=True, leave=False) as bar:
        downloader = pooch.HTTPDownloader(
            progressbar=bar, timeout=(CONNECT_SECONDS, STALL_SECONDS)
        )
        pooch.retrieve(
            url,
            known_hash=f"sha256:{sha256}",
            fname=target.name,
            path=target.parent,
            downloader=downloader,
        )


def _reason(error):
    """Name a download's failure in a few words."""
    if isinstance(error, requests.HTTPError):
        return f"the server answered {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return f"no answer within {STALL_SECONDS} seconds"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    if "hash" in str(error).lower():
        return "the file that came has another SHA-256 than expected"
    return str(error)
