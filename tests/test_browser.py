"""Lesson 04 as a learner meets it: JupyterLab, Chromium, a slider moved by key."""

import os
import pathlib
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import nbformat
import pytest

pytestmark = pytest.mark.browser
REPOSITORY = pathlib.Path(__file__).parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
LESSON = "notebooks/04_char_rnn.ipynb"
SECONDS = 240  # for a whole run of a lesson at the smoke budget

# What the open notebook's model says, for Playwright to ask.
CELLS = """() => {
    const panel = window.jupyterapp?.shell?.currentWidget;
    const cells = panel?.content?.model?.cells;
    if (!cells) return null;
    const found = [];
    for (let i = 0; i < cells.length; i++) {
        const cell = cells.get(i);
        if (cell.type !== "code") continue;
        const outputs = [];
        for (let j = 0; j < cell.outputs.length; j++)
            outputs.push(cell.outputs.get(j).type);
        const tags = cell.getMetadata("tags") ?? [];
        found.push({id: cell.id, count: cell.executionCount, outputs, tags});
    }
    const kernel = panel.sessionContext?.session?.kernel;
    return {cells: found, status: kernel?.status ?? "none"};
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Start JupyterLab on a copy of the course; yield its address."""
    folder = tmp_path_factory.mktemp("course")
    shutil.copytree(REPOSITORY / "notebooks", folder / "notebooks")
    for name in ("helpers", "data"):
        shutil.copytree(REPOSITORY / name, folder / name)
    clear_outputs(folder / LESSON)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(8)
    settings = {"COURSE_BUDGET": "smoke", "JUPYTER_CONFIG_DIR": str(folder / "config")}
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *("--ip=127.0.0.1", f"--port={port}", f"--IdentityProvider.token={token}"),
        *(f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True"),
    ]
    with open(folder / "lab.log", "wb") as log:
        server = subprocess.Popen(
            command, cwd=folder, env=os.environ | settings, stdout=log, stderr=log
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/api/status?token={token}")
        yield f"http://127.0.0.1:{port}/lab/tree", token
    finally:
        server.terminate()
        server.wait(timeout=30)


def clear_outputs(path):
    """Empty a notebook's outputs, so that what is seen later was made here."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, path)


def wait_for(address, *, seconds=60):
    """Return when the server answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.5)
    raise TimeoutError(f"No answer from {address} within {seconds} s.")


@pytest.fixture(scope="module")
def page(lab):
    """Open lesson 04 in Chromium and run all of its cells."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed (group browser)"
    )
    if CHROMIUM is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    address, token = lab
    with playwright.sync_playwright() as tools:
        browser = tools.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.goto(f"{address}/{LESSON}?token={token}")
        wait_until(page, lambda s: s["cells"] and s["status"] == "idle", seconds=90)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.locator('[data-command="runmenu:run-all"]').click()
        wait_until(
            page,
            lambda s: all(c["count"] for c in s["cells"]) and s["status"] == "idle",
            seconds=SECONDS,
        )
        yield page
        browser.close()


def wait_until(page, condition, *, seconds=60):
    """Ask the open notebook twice a second until it is as wanted."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        state = page.evaluate(CELLS)
        if state and condition(state):
            return
        time.sleep(0.5)
    raise TimeoutError(f"The notebook is not as wanted after {seconds} s: {state}")


def test_every_cell_runs_without_an_error(page):
    for cell in page.evaluate(CELLS)["cells"]:
        if "raises-exception" not in cell["tags"]:
            assert "error" not in cell["outputs"], cell["id"]


def test_every_picture_is_there(page):
    """Cells are drawn when they come into view, so go through them all."""
    widths, seen = [], set()
    for index in range(
        page.evaluate("jupyterapp.shell.currentWidget.content.widgets.length")
    ):
        page.evaluate(
            """index => {
                const panel = jupyterapp.shell.currentWidget.content;
                return panel.scrollToItem(index, "start");
            }""",
            index,
        )
        page.wait_for_timeout(150)
        for source, width in page.evaluate(
            """() => [...document.querySelectorAll(
                ".jp-OutputArea-output img, .jp-MarkdownOutput img")]
                .map(image => [image.src, image.naturalWidth])"""
        ):
            if source not in seen:
                seen.add(source)
                widths.append(width)
    assert len(widths) >= 10  # two drawings and the figures
    assert all(width > 0 for width in widths)


def test_the_slider_writes_anew(page):
    page.evaluate(
        """() => {
            const panel = jupyterapp.shell.currentWidget.content;
            const cells = panel.model.cells;
            for (let i = 0; i < cells.length; i++)
                if (cells.get(i).id === "slider-3")
                    return panel.scrollToItem(i, "start");
        }"""
    )
    handle = page.locator(".noUi-handle").first
    handle.wait_for(state="visible", timeout=20_000)
    text = page.locator(".widget-html pre").first
    before, shown = (
        text.inner_text(),
        page.locator(".widget-readout").first.inner_text(),
    )
    handle.focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    end = time.monotonic() + 30
    while text.inner_text() == before and time.monotonic() < end:
        time.sleep(0.2)
    assert page.locator(".widget-readout").first.inner_text() != shown
    assert text.inner_text() != before
    assert len(text.inner_text()) > 40
