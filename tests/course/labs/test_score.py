import csv
import os
import re

from course import cli, results
from course.labs import score
from helpers import catalogue
from helpers.measure import projects

import numpy as np
import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed (group teach)")
PROJECT = "project4_trial"


@pytest.fixture(autouse=True)
def build(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("build")
    monkeypatch.setenv("COURSE_LABS", str(folder))
    return folder


def hand_in(place, *, gap=1.0, **more):
    place.parent.mkdir(parents=True, exist_ok=True)
    rival = np.arange(6.0)
    arrays = {"arm": rival - gap - 0.1 * (rival % 2), "rival": rival}
    np.savez(place, **arrays, expected=np.array(-1), **more)


def test_everybody_has_a_row_whatever_was_handed_in(build, tmp_path):
    hand_in(tmp_path / "ada" / f"{PROJECT}.npz")
    hand_in(tmp_path / f"yibo_LATE_7_8_{PROJECT}-1.npz")
    hand_in(tmp_path / "cy" / f"{PROJECT}.npz", more=np.ones(2))
    (tmp_path / "di").mkdir()
    (tmp_path / "ed").mkdir()
    (tmp_path / "ed" / "report.pdf").write_text("")
    (tmp_path / "flo").mkdir()
    (tmp_path / "flo" / f"{PROJECT}.npz").write_text("no arrays")
    (tmp_path / "gus").mkdir()
    (tmp_path / "gus" / f"{PROJECT}.npz").symlink_to(tmp_path / "loose.npz")
    (tmp_path / "loose.npz").write_text("")
    path, rows = score.score(PROJECT, tmp_path)
    remarks = {row["student"]: row["remark"] for row in rows}
    flo = remarks.pop("flo")
    assert remarks == {
        "ada": "",
        "yibo_7": "late, Canvas says",
        "cy": "must hold the arrays arm, rival, expected, got arm, rival, expected, "
        "more",
        "di": f"no {PROJECT}.npz (nothing)",
        "ed": f"no {PROJECT}.npz (report.pdf)",
        "gus": "is no plain file",
        "loose.npz": "lies in no student's folder",
    }
    assert flo.startswith("is no .npz file")
    with open(path, newline="", encoding="utf-8") as file:
        table = {row["student"]: row for row in csv.DictReader(file)}
    assert path == build / f"{PROJECT}.csv" and set(table) == {*remarks, "flo"}
    assert float(table["ada"]["difference"]) == pytest.approx(-1.05)
    assert table["di"]["level"] == "" and table["ada"]["rank"] == ""


def test_the_newest_of_several_is_scored(tmp_path):
    for age, name in enumerate((f"{PROJECT} (1).npz", f"old/{PROJECT}.npz")):
        hand_in(tmp_path / "ada" / name, gap=1.0 + age)
        os.utime(tmp_path / "ada" / name, (1e9 - age, 1e9 - age))
    _, [row] = score.score(PROJECT, tmp_path)
    assert row["difference"] == pytest.approx(-1.05)
    assert row["remark"] == f"newest of 2: {PROJECT} (1).npz"


def test_a_leaderboard_has_the_best_first_and_equal_ones_share_a_rank(
    tmp_path, monkeypatch
):
    monkeypatch.setitem(projects.LEVELS, PROJECT, ("difference", {"pass": 0.0}))
    for student, gap in (("ada", 1), ("bo", 3), ("cy", 1)):
        hand_in(tmp_path / student / f"{PROJECT}.npz", gap=gap)
    (tmp_path / "ash").mkdir()
    _, rows = score.score(PROJECT, tmp_path)
    assert [(row["student"], row.get("rank")) for row in rows] == [
        *(("bo", 1), ("ada", 2), ("cy", 2)),
        ("ash", None),
    ]


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match=f"expected STUDENT/{PROJECT}"):
        score.score(PROJECT, tmp_path)


def test_the_command_prints_a_line_for_each_and_names_the_table(tmp_path, capsys):
    hand_in(tmp_path / "ada" / f"{PROJECT}.npz")
    (tmp_path / "bo").mkdir()
    assert cli.main(["labs", "score", "project4", str(tmp_path)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 3 and "shown" in said[0] and "not scored" in said[1]
    assert said[2].startswith("leaderboard: ")
    assert cli.main(["labs", "score", "project9", str(tmp_path)]) == 1


REFERENCES = {  # what reached a level, as the ledger has it
    ("project1_likelihood", "good"): ("02_vae", "negative_elbo_binarised"),
    ("project1_likelihood", "very good"): ("02_vae", "iwae_nll"),
    ("project2_gan", "good"): ("03_gan", "fid_dense"),
    ("project2_gan", "very good"): ("03_gan", "fid_dcgan"),
    ("project3_gpt", "good"): ("06_transformer", "gpt_val_loss_windows"),
    ("project3_gpt", "very good"): ("06_transformer", "val_loss"),
}


def loss_of_counting():
    """Return what counting has on Shakespeare, as project 3's page shows it."""
    cells = catalogue.find("project3", "project").read().cells
    texts = [o.get("text", "") for c in cells for o in c.get("outputs", [])]
    return float(re.search(r"^counting +([\d.]+)$", "\n".join(texts), re.MULTILINE)[1])


@pytest.mark.parametrize(("project", "level"), REFERENCES)
def test_each_level_was_reached_by_every_recorded_run_of_its_reference(project, level):
    figure, levels = projects.LEVELS[project]
    values = [
        row["value"]
        for row in results.load()
        if (row["lesson"], row["metric"]) == REFERENCES[project, level]
        and row["budget"] == "cpu"
    ]
    scale = loss_of_counting() if figure == "over_counting" else 1
    assert values and max(values) / scale <= levels[level] <= levels["pass"]
    assert {(project, name) for name in levels} - set(REFERENCES) == {(project, "pass")}
