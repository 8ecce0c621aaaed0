"""Start checks on files that others can read, and folders that stay closed."""

import stat
from pathlib import Path

import pytest

from dispatcher import private_files
from dispatcher.settings import Settings


@pytest.fixture
def set_up(tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    home.mkdir(0o700)
    for name in ("keys.json", "providers.toml"):
        (home / name).touch(0o600)
    return Settings(home=home, providers_file=home / "providers.toml")


def test_where_all_is_closed_there_is_no_warning(set_up: Settings) -> None:
    assert private_files.warnings(set_up) == []
    set_up.home.chmod(0o711)  # the embedded PostgreSQL of root goes through
    assert set_up.providers_file is not None
    set_up.providers_file.chmod(0o640)
    assert private_files.warnings(set_up) == []
    assert private_files.warnings(Settings(home=set_up.home / "not there yet")) == []


@pytest.mark.parametrize(
    ("name", "mode", "remedy"),
    [("keys.json", 0o640, "600"), ("keys.json", 0o604, "600"), (".", 0o750, "700"), ("providers.toml", 0o644, "640")],
)
def test_each_that_others_can_read_is_told_in_both_languages(
    set_up: Settings, name: str, mode: int, remedy: str
) -> None:
    path = set_up.home / name
    path.chmod(mode)
    [warning] = private_files.warnings(set_up)
    assert f"chmod {remedy} {path}" in warning
    assert "其他用户可以读取" in warning and "other users can read" in warning


def test_others_may_pass_through_the_folders_above_and_see_no_more_of_them(tmp_path: Path) -> None:
    outer, inner = tmp_path / "outer", tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    outer.chmod(0o700)
    inner.chmod(0o750)
    private_files.let_others_through(inner / "postgres", tmp_path / "not there" / "any")
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (outer, inner)] == [0o711, 0o751]


def test_programs_that_only_their_owner_can_run_are_opened(tmp_path: Path) -> None:
    folder, program, data = tmp_path / "bin", tmp_path / "bin" / "postgres", tmp_path / "bin" / "postgres.bki"
    folder.mkdir(0o700)
    program.touch(0o700)
    data.touch(0o600)
    private_files.let_others_read(folder)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, program, data)] == [0o755, 0o755, 0o644]
