from course import run

import pytest


def test_a_relative_data_folder_is_made_absolute_for_the_kernel(tmp_path, monkeypatch):
    (tmp_path / "shared").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_DATA", "shared")
    assert run.settings()["COURSE_DATA"] == str(tmp_path / "shared")


def test_a_data_folder_that_is_none_ends_a_run_before_it_starts(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "missing"))
    with pytest.raises(ValueError, match="COURSE_DATA must be a folder, got .*missing"):
        run.settings()
