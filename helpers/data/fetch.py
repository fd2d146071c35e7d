"""Find one data file, and never use a wrong one.

A file is looked for in the folder `COURSE_DATA` (one copy for a whole classroom), then
in the Keras cache, then at its official address. Its SHA-256 is checked each time.
"""

import contextlib
import hashlib
import os
import pathlib
import queue
import threading
import time

from helpers.files import ROOT, replacing

import requests
from tqdm.auto import tqdm

CONNECT_SECONDS = 4  # for each of a server's addresses
WINDOW_SECONDS, WINDOW_BYTES = 15, 2**18  # 17 kB/s: what is slower is given up
PIECE_BYTES = 2**14


class Unavailable(OSError):
    """A file is in no folder and could not be downloaded."""


def sha256_of(path):
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def course_data():
    """Return the folder `COURSE_DATA` as an absolute path, or `None` where it is unset.

    A relative path is taken from the current folder and, where that has no such folder,
    from the course's own: a notebook's kernel runs in the folder of its notebook.

    Raises:
        ValueError: `COURSE_DATA` is set and is not a folder. Names what was tried.
    """
    text = os.environ.get("COURSE_DATA", "").strip()
    if not text:
        return None
    tried = [base / os.path.expanduser(text) for base in (pathlib.Path.cwd(), ROOT)]
    for folder in tried:
        if os.path.isdir(folder):
            return folder
    missing = " and no ".join(dict.fromkeys(map(str, tried)))
    raise ValueError(
        f"COURSE_DATA must be a folder, got {text!r}: there is no {missing}."
    )


def cache_folder():
    """Return the folder in which Keras keeps downloaded data sets."""
    home = os.environ.get("KERAS_HOME") or pathlib.Path.home() / ".keras"
    return pathlib.Path(home) / "datasets"


def fetch(name, *, url, sha256, size, download=True):
    """Return the path of a verified file, downloading it where it must be.

    Args:
        name: str. Path of the file below `COURSE_DATA` and below the Keras cache.
        url: str. Official address, `http`, `https`.
        sha256: str, 64 hexadecimal digits. What the file must add up to.
        size: int. Length of the file in bytes; a download that exceeds it is ended.
        download: bool. Whether the address may be asked, if no folder has the file.

    Returns:
        `pathlib.Path` of a file whose SHA-256 is `sha256`.

    Raises:
        Unavailable: no folder has it and the download failed (no network, a failing or
            slow server, another file), is not wanted, or `COURSE_OFFLINE` is set. Says
            the address, the target path and the way out.

    A file with another sum, or one that cannot be read, is named and not used; the one
    in `COURSE_DATA` is left as it is. A download must bring 256 KiB in every 15
    seconds, or the rest of the file: where nothing useful comes, it ends after 15
    seconds, while a network of 20 kB/s passes. The first 15 seconds include finding
    the server.
    """
    for folder in filter(None, (course_data(), cache_folder())):
        path = folder / name
        try:
            found = sha256_of(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            print(f"Not used: {path} cannot be read ({error.strerror}).")
            continue
        if found == sha256:
            return path
        print(f"Not used: {path} has SHA-256 {found[:12]}…, expected {sha256[:12]}….")
    target = cache_folder() / name
    try:
        if os.environ.get("COURSE_OFFLINE"):
            raise OSError("COURSE_OFFLINE is set")
        if not download:
            raise OSError("a download was not asked for")
        _download(url, target, sha256=sha256, size=size)
    except OSError as error:  # requests' errors are OSErrors
        raise Unavailable(
            f"Could not get {name} from {url}: {_reason(error)}. Put the file at "
            f"{target}, or set COURSE_DATA to a folder that holds {name}."
        ) from error
    return target


def _download(url, target, *, sha256, size):
    """Download beside the target; the right file alone takes its place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, received = hashlib.sha256(), 0
    with (
        replacing(target) as file,
        tqdm(
            total=size, desc=target.name, unit="B", unit_scale=True, leave=False
        ) as bar,
        contextlib.closing(_pieces(url)) as pieces,
    ):
        for piece in pieces:
            received += len(piece)
            if received > size:
                raise OSError(f"what came is longer than {size:,} bytes")
            file.write(piece)
            digest.update(piece)
            bar.update(len(piece))
        if received < size:
            raise OSError(f"what came has {received:,} of {size:,} bytes")
        if digest.hexdigest() != sha256:
            raise OSError("what came has another SHA-256 than expected")


def _pieces(url):
    """Yield the bytes at an address as they come, while enough of them come.

    A thread of its own receives them, since no time-out of a socket limits how long it
    takes to find a server, or to read one that sends a byte now and then.
    """
    arrived, given_up = queue.SimpleQueue(), threading.Event()

    def receive():
        # This thread's own limits are longer, so that the one that waits ends first.
        limits = (CONNECT_SECONDS, 2 * WINDOW_SECONDS)
        try:
            with requests.get(url, stream=True, timeout=limits) as response:
                response.raise_for_status()
                for piece in response.iter_content(PIECE_BYTES):
                    if given_up.is_set():
                        return
                    arrived.put(piece)
            arrived.put(None)
        except Exception as error:  # raised below, where somebody waits
            arrived.put(error)

    threading.Thread(target=receive, daemon=True).start()
    received = wanted = 0
    try:
        while True:
            if received >= wanted:
                wanted = received + WINDOW_BYTES
                deadline = time.monotonic() + WINDOW_SECONDS
            try:
                piece = arrived.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeoutError(
                    f"too slow; after {wanted - WINDOW_BYTES:,} bytes, fewer than "
                    f"{WINDOW_BYTES:,} came in {WINDOW_SECONDS} seconds"
                ) from None
            if piece is None:
                return
            if isinstance(piece, Exception):
                raise piece
            received += len(piece)
            yield piece
    finally:
        given_up.set()


def _reason(error):
    """Name a download's failure in a few words."""
    if isinstance(error, requests.HTTPError):
        return f"the server answered {error.response.status_code}"
    if isinstance(error, requests.TooManyRedirects):
        return "the server redirects without end"
    if isinstance(error, requests.exceptions.SSLError):
        return f"no secure connection ({error})"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return str(error)
