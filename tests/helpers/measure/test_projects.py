import pickle
import zipfile

from helpers.data.images import load_digits
from helpers.measure import projects

import numpy as np
import pytest

NAMES = list(projects.FORMATS)
TEXT = ("the quick brown fox jumps over the lazy dog and runs on\n" * 4_000)[:200_000]


@pytest.fixture(scope="module")
def digits():
    return load_digits("drawn", num_train=600, num_test=300)


def hand_in(project, digits):
    """Return arrays that fit."""
    rng = np.random.default_rng(0)
    if project == "project1_likelihood":
        ink = projects.binary_images(digits.x_test).sum(axis=(1, 2))
        return {"nll": 100 + 0.5 * ink}
    if project == "project2_gan":
        return {"images": np.round(digits.x_train[:300] * 255).astype("uint8")}
    if project == "project3_gpt":
        characters = np.frombuffer(TEXT.encode("utf-32-le"), "uint32")
        return {"characters": characters, "val_losses": np.full(20_000, 0.5)}
    arm = rng.normal(1.0, 0.1, 8)
    expected = np.array(-1)
    return {"arm": arm, "rival": arm + rng.normal(1, 0.1, 8), "expected": expected}


@pytest.mark.parametrize("project", NAMES)
def test_what_is_saved_is_loaded_and_has_a_level(project, digits, tmp_path):
    path = tmp_path / f"{project}.npz"
    projects.save(project, path, **hand_in(project, digits))
    found = projects.score(project, projects.load(project, path), digits)
    assert isinstance(found.pop("level"), str) and isinstance(found.pop("remark"), str)
    assert all(np.isfinite(value) for value in found.values())


@pytest.mark.parametrize("project", NAMES)
@pytest.mark.parametrize("fault", ["name", "kind", "shape", "number"])
def test_arrays_that_do_not_fit_are_named(project, fault, digits, tmp_path):
    arrays = hand_in(project, digits)
    name = next(iter(arrays))
    if fault == "name":
        arrays["more"], said = arrays.pop(name), "must hold the arrays"
    elif fault == "kind":
        arrays[name], said = arrays[name].astype("complex64"), f"{name} must be"
    elif fault == "shape":
        arrays[name], said = arrays[name][None], f"{name} must be"
    else:
        if arrays[name].dtype.kind != "f":
            pytest.skip("whole numbers are finite")
        arrays[name][0], said = np.nan, f"{name} must be finite"
    with pytest.raises(ValueError, match=said):
        projects.save(project, tmp_path / f"{project}.npz", **arrays)
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(ValueError, match=said):
        projects.load(project, tmp_path / "x.npz")


class Trap:
    def __reduce__(self):
        return open, ("sprung", "w")


def test_nothing_that_was_handed_in_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trap = np.array([Trap()], dtype=object)
    np.savez("a.npz", nll=trap)
    (tmp_path / "b.npz").write_bytes(pickle.dumps(Trap()))
    (tmp_path / "c.npz").write_bytes(b"")
    with zipfile.ZipFile("d.npz", "w") as archive:
        archive.writestr("nll.npy", pickle.dumps(Trap()))
    for name in "abcd":
        with pytest.raises(ValueError):
            projects.load("project1_likelihood", tmp_path / f"{name}.npz")
    assert not (tmp_path / "sprung").exists()


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(projects, "LARGEST", 1_000)
    np.savez_compressed(tmp_path / "x.npz", nll=np.zeros(1_000))
    with pytest.raises(ValueError, match="at most"):
        projects.load("project1_likelihood", tmp_path / "x.npz")


def test_a_file_is_named_as_its_project(tmp_path):
    with pytest.raises(ValueError, match="project1_likelihood.npz, got"):
        projects.save("project1_likelihood", tmp_path / "x.npz", nll=np.ones(3))


def test_levels_rise_with_the_figure_and_the_first_that_holds_is_told(digits):
    for _, levels in projects.LEVELS.values():
        assert list(levels) == ["very good", "good", "pass"]
        assert sorted(levels.values()) == list(levels.values())
    ink = projects.binary_images(digits.x_test).sum(axis=(1, 2))
    told = {}
    for mean in (101, 99, 91, 88):
        nll = mean + 0.1 * (ink - ink.mean())
        told[mean] = projects.score("project1_likelihood", {"nll": nll}, digits)[
            "level"
        ]
    assert told == {101: "not yet", 99: "pass", 91: "good", 88: "very good"}


def test_a_bound_below_the_entropy_of_the_coins_is_refused(digits):
    nll = np.full(300, 1.0)
    with pytest.raises(ValueError, match="no model can have less"):
        projects.score("project1_likelihood", {"nll": nll}, digits)
    with pytest.raises(ValueError, match="must have 300 values, got 2"):
        projects.score("project1_likelihood", {"nll": nll[:2]}, digits)
    with pytest.raises(ValueError, match="digits is missing"):
        projects.score("project1_likelihood", {"nll": nll})


def test_numbers_that_do_not_follow_the_images_are_remarked(digits):
    nll = np.random.default_rng(0).normal(95, 10, 300)
    found = projects.score("project1_likelihood", {"nll": nll}, digits)
    assert "more ink" in found["remark"]


def test_training_images_are_remarked_and_lost_classes_reach_no_level(digits):
    copied = (digits.x_train[:300] * 255).astype("uint8")
    found = projects.score("project2_gan", {"images": copied}, digits)
    assert found["copies"] == 1 and "training image" in found["remark"]
    real = (digits.x_test * 255).astype("uint8")
    found = projects.score("project2_gan", {"images": real}, digits)
    assert found["fid"] < 0.01 and found["level"] == "very good"
    assert found["copies"] < 0.05 and found["remark"] == ""
    ones = real[digits.y_test != 0]
    ones = np.concatenate([ones, ones])[:300]
    found = projects.score("project2_gan", {"images": ones}, digits)
    assert found["classes"] == 9 and found["level"] == "not yet"


def test_a_text_is_held_against_counting_and_repeated_lines_are_remarked():
    arrays = hand_in("project3_gpt", None)
    found = projects.score("project3_gpt", arrays)
    assert found["over_counting"] == found["val_loss"] / found["counting"]
    assert found["val_loss"] == 0.5 and found["repeated_lines"] > 0.9
    assert "stand in the rest" in found["remark"]
    fresh = np.random.default_rng(0).integers(97, 123, 200_000)
    fresh[::40] = ord("\n")
    losses = np.full(20_000, np.log(26))
    found = projects.score("project3_gpt", {"characters": fresh, "val_losses": losses})
    assert found["repeated_lines"] == 0 and found["over_counting"] < 1.01
    with pytest.raises(ValueError, match="must have 20000 values"):
        projects.score("project3_gpt", arrays | {"val_losses": losses[1:]})
    with pytest.raises(ValueError, match="at least 0"):
        projects.score("project3_gpt", arrays | {"val_losses": losses - 9})
    with pytest.raises(ValueError, match="must be 200,000 to"):
        projects.score("project3_gpt", arrays | {"characters": fresh[:9]})


def test_a_trial_has_the_interval_of_paired_differences(digits):
    arm, rival = np.array([1.0, 2, 3, 4, 5]), np.array([2.0, 4, 4, 6, 6])
    arrays = {"arm": arm, "rival": rival, "expected": np.array(-1)}
    found = projects.score("project4_trial", arrays)
    # differences -1, -2, -1, -2, -1: mean -1.4, standard error 0.245, t(4) 2.776
    ends = [found["low"], found["high"]]
    np.testing.assert_allclose(ends, [-1.4 - 0.680, -1.4 + 0.680], atol=1e-3)
    assert (found["level"], found["remark"], found["seeds"]) == ("shown", "", 5)
    against = projects.score("project4_trial", arrays | {"expected": np.array(1)})
    assert against["remark"] == "against what was expected"
    open_one = projects.score("project4_trial", arrays | {"rival": rival[::-1]})
    assert open_one["level"] == "open"
    for more, said in (
        ({"arm": arm[1:]}, "at least 5 seeds, got 4 and 5"),
        ({"expected": np.array(2)}, "expected must be -1"),
        ({"rival": arm + 1}, "the same for every seed"),
    ):
        with pytest.raises(ValueError, match=said):
            projects.score("project4_trial", arrays | more)
