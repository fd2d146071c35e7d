from helpers.budget import budget, course_seed, current_budget, describe_budget

import pytest


@pytest.mark.parametrize("name", ["smoke", "cpu", "gpu"])
def test_budget_picks_the_value_of_the_named_budget(monkeypatch, name):
    monkeypatch.setenv("COURSE_BUDGET", name)
    values = {"smoke": 1, "cpu": 20, "gpu": 60}
    assert current_budget() == name
    assert budget(**values) == values[name]


@pytest.mark.parametrize("sees_gpu, name", [(True, "gpu"), (False, "cpu")])
def test_unset_budget_follows_the_device(monkeypatch, sees_gpu, name):
    monkeypatch.delenv("COURSE_BUDGET", raising=False)
    monkeypatch.setattr("helpers.backend.has_gpu", lambda: sees_gpu)
    assert current_budget() == name


def test_misspelt_budget_is_named_with_the_three_that_exist(monkeypatch):
    monkeypatch.setenv("COURSE_BUDGET", "smok")
    with pytest.raises(ValueError, match="smoke, cpu, gpu, got 'smok'"):
        current_budget()


def test_description_names_budget_and_time(monkeypatch):
    monkeypatch.setenv("COURSE_BUDGET", "cpu")
    line = describe_budget(smoke="20 s", cpu="4 min", gpu="1 min")
    assert "cpu" in line and "4 min" in line


def test_seed_comes_from_the_environment_or_the_default(monkeypatch):
    monkeypatch.delenv("COURSE_SEED", raising=False)
    assert course_seed(default=7) == 7
    monkeypatch.setenv("COURSE_SEED", "3")
    assert course_seed(default=7) == 3


@pytest.mark.parametrize("text", ["-1", "1.5", "one", "2147483648"])
def test_bad_seed_is_named(monkeypatch, text):
    monkeypatch.setenv("COURSE_SEED", text)
    with pytest.raises(ValueError, match=f"got '{text}'"):
        course_seed()
