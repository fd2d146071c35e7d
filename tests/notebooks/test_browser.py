"""The lessons as a learner meets them: JupyterLab, Chromium, Run All, and a look round.

Two lessons at a time: `pytest -m browser --dist=loadgroup`.
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from course import site
from helpers import catalogue
from helpers.files import ROOT
from helpers.page import quiz

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
LESSONS = [page.name for page in catalogue.pages("lesson")]
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
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    for name in ("helpers", "data"):
        shutil.copytree(ROOT / name, folder / name)
    for name in LESSONS:
        clear_outputs(folder / "notebooks" / f"{name}.ipynb")
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
        yield f"http://127.0.0.1:{port}/lab/workspaces", token
    finally:
        stop(server)


def stop(server):
    """Ask the server to end; one that has not after half a minute is killed."""
    server.terminate()
    try:
        server.wait(timeout=30)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def clear_outputs(path):
    """Empty a notebook's outputs, so that what is seen later was made here."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, path)


def wait_for(address, *, seconds=180):
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
def chromium():
    """A browser without a window."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed (group browser)"
    )
    if CHROMIUM is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    with playwright.sync_playwright() as tools:
        browser = tools.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in LESSONS
    ],
)
def page(request, chromium, lab):
    """A lesson, opened in JupyterLab, all of its cells run."""
    page = chromium.new_page(viewport={"width": 1200, "height": 900})
    page.lesson, page.addresses = request.param, []
    page.on("request", lambda request: page.addresses.append(request.url))
    open_and_run(page, *lab, request.param)
    yield page
    page.evaluate("jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page.close()


def open_and_run(page, address, token, name):
    """Open a lesson, alone in its workspace; run it from the first cell to the last."""
    page.goto(f"{address}/{name}/tree/notebooks/{name}.ipynb?token={token}")
    wait_until(page, lambda s: s["cells"] and s["status"] == "idle", seconds=90)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.locator('[data-command="runmenu:run-all"]').click()
    wait_until(
        page,
        lambda s: all(c["count"] for c in s["cells"]) and s["status"] == "idle",
        seconds=SECONDS,
    )


def wait_until(page, condition, *, seconds=60):
    """Ask the open notebook twice a second until it is as wanted."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        state = page.evaluate(CELLS)
        if state and condition(state):
            return
        time.sleep(0.5)
    raise TimeoutError(f"The notebook is not as wanted after {seconds} s: {state}")


def scroll_to(page, index):
    """Bring a cell, given by its place or its id, into view: then it is drawn."""
    page.evaluate(
        """wanted => {
            const panel = jupyterapp.shell.currentWidget.content;
            const cells = panel.model.cells;
            for (let i = 0; i < cells.length; i++)
                if (i === wanted || cells.get(i).id === wanted)
                    return panel.scrollToItem(i, "start");
        }""",
        index,
    )


def drawn(page, index):
    """Return a cell of the open notebook, as the browser draws it."""
    return page.locator(
        f'.jp-NotebookPanel:not(.lm-mod-hidden) [data-windowed-list-index="{index}"]'
    )


def test_every_cell_runs_without_an_error(page):
    for cell in page.evaluate(CELLS)["cells"]:
        if "raises-exception" not in cell["tags"]:
            assert "error" not in cell["outputs"], cell["id"]


def test_every_picture_is_there(page):
    numbers = page.evaluate(
        """() => [...jupyterapp.shell.currentWidget.content.model.cells].map(
            cell => cell.type === "code"
                ? cell.outputs.toJSON().filter(o => o.data?.["image/png"]).length
                : cell.sharedModel.getSource().split("](images/").length - 1)"""
    )  # of pictures in each cell
    assert sum(numbers) >= 3
    for index, number in enumerate(numbers):
        if number:
            scroll_to(page, index)
            images = drawn(page, index).locator("img")
            images.first.wait_for()
            widths = images.evaluate_all(
                """images => Promise.all(images.map(
                    image => image.decode().then(() => image.naturalWidth)))"""
            )
            assert len(widths) >= number and all(width > 0 for width in widths)


@pytest.mark.parametrize("part", quiz.PARTS)
def test_a_quiz_tells_why_an_answer_is_wrong(page, part):
    scroll_to(page, f"quiz-{part}")
    shown = page.locator(f"#quiz_{page.lesson}_{part}")
    shown.wait_for(state="visible", timeout=20_000)
    assert not page.locator(f"#{shown.get_attribute('id')} ~ .quiz-text").is_visible()
    questions = quiz.load_quiz(page.lesson, part)
    for place, question in enumerate(questions):
        block = shown.locator(".Quiz").nth(place)
        feedback = block.locator(".Feedback")
        answer(block, question, right=False)
        assert feedback.inner_text().startswith("Not so. ")
        answer(block, question, right=True)
        assert feedback.inner_text().startswith("Right. ")


def answer(block, question, *, right):
    """Press an option's button, or write an option's number into the field."""
    if "within" in question:
        numbers = [
            option["text"]
            for option in question["options"]
            if option.get("right", False) is right
        ]
        block.locator("input").fill(numbers[0])
        block.locator("input").press("Enter")
    else:
        block.locator(f'.MCButton[data-correct="{str(right).lower()}"]').first.click()


# The contrast of each text in an element with what lies behind it, by WCAG 2.
CONTRASTS = """root => {
    const parse = text => (text.match(/[\\d.]+/g) ?? []).map(Number);
    const behind = element => {
        for (let e = element; e; e = e.parentElement) {
            const color = parse(getComputedStyle(e).backgroundColor);
            if (color.length === 3 || color[3] > 0.99) return color;
        }
        return [255, 255, 255];
    };
    const light = color => {
        const [r, g, b] = color.slice(0, 3).map(v => v / 255).map(
            v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = [];
    for (const e of root.querySelectorAll("*")) {
        const text = [...e.childNodes].filter(n => n.nodeType === 3)
            .map(n => n.textContent).join("").trim() || (e.type !== "radio" && e.value);
        if (!text || !e.getClientRects().length) continue;
        const pair = [light(parse(getComputedStyle(e).color)), light(behind(e))];
        const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
        found.push([text.slice(0, 40), ratio]);
    }
    return found;
}"""
THEMES = {"light": ("#ffffff", "#000000"), "dark": ("#111111", "#e0e0e0")}


@pytest.mark.parametrize("theme", THEMES)
def test_a_quiz_can_be_read_in_both_themes(chromium, theme):
    """Each question of each lesson: asked, answered wrongly, answered rightly."""
    InteractiveShell.instance()  # jupyterquiz displays into one
    paper, ink = THEMES[theme]
    page = chromium.new_page()
    for name in LESSONS:
        for part in quiz.PARTS:
            body = quiz.make_bundle(name, part)["text/html"]
            page.set_content(f'<body style="background: {paper}; color: {ink}">{body}')
            root = page.locator(f"#quiz_{name}_{part}")
            root.locator(".Quiz").first.wait_for()
            demand_contrast(root)
            for right in (False, True):
                for place, question in enumerate(quiz.load_quiz(name, part)):
                    answer(root.locator(".Quiz").nth(place), question, right=right)
                page.evaluate("document.getAnimations().forEach(a => a.finish())")
                demand_contrast(root)
    page.close()


def demand_contrast(root):
    """Demand of each text in an element the contrast that WCAG 2 wants: 4.5."""
    found = root.evaluate(CONTRASTS)
    assert found and not [pair for pair in found if pair[1] < 4.5]


def test_the_widgets_react(page):
    """Each slider moves by key, and what is written below it changes."""
    places = page.evaluate(
        """() => [...jupyterapp.shell.currentWidget.content.model.cells]
            .flatMap((cell, i) => cell.outputs?.toJSON().some(
                o => o.data?.["application/vnd.jupyter.widget-view+json"])
                ? [i] : [])"""
    )
    for place in places:
        scroll_to(page, place)
        page.wait_for_timeout(500)
        cell = drawn(page, place)
        if cell.locator(".noUi-handle").count():  # none: a progress bar
            move(page, cell)


def move(page, cell):
    """Press a slider's key; its number and the text below it must change."""
    output = cell.locator(".jp-OutputArea-output").first
    number = cell.locator(".widget-readout").first
    before, shown = output.inner_text(), number.inner_text()
    cell.locator(".noUi-handle").first.focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    end = time.monotonic() + 30
    while output.inner_text().replace(number.inner_text(), "") == before.replace(
        shown, ""
    ):
        assert time.monotonic() < end, "moving the slider changes nothing"
        time.sleep(0.2)
    assert number.inner_text() != shown


def test_the_page_asks_no_other_host(page):
    hosts = {urllib.parse.urlsplit(address).hostname for address in page.addresses}
    assert hosts <= {"127.0.0.1", None}  # None: data and blob addresses


@pytest.fixture(scope="module")
def website(tmp_path_factory):
    """The website's folder, made from this checkout."""
    for name in site.NEEDED:
        pytest.importorskip(name, reason=f"{name} is not installed (group site)")
    return site.build(tmp_path_factory.mktemp("website")).parent


@pytest.mark.xdist_group("website")
def test_no_page_of_the_website_is_wider_than_a_telephone(chromium, website):
    page = chromium.new_page(viewport={"width": 390, "height": 844})
    addresses = []
    page.on("request", lambda request: addresses.append(request.url))
    paths = [path for path in website.rglob("*.html") if "_static" not in path.parts]
    for path in paths:
        page.goto(path.as_uri())
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, path.name
    assert len(paths) > len(LESSONS)
    assert {urllib.parse.urlsplit(a).scheme for a in addresses} <= {"file", "data"}
    page.close()


@pytest.mark.xdist_group("website")
def test_the_website_finds_a_word(chromium, website):
    page = chromium.new_page()
    page.goto(f"{(website / 'search.html').as_uri()}?q=posterior")
    page.locator("#search-results a", has_text="autoencoder").first.wait_for()
    page.close()
