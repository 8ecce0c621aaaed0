"""push of a table by command: looked at, pushed, its refused rows mended and pushed again."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from casework_fixture import CaseworkFixture, phone
from typer.testing import CliRunner, Result

from dispatcher.cli import push
from dispatcher.cli.app import build_app
from dispatcher.errors import OperatorError
from dispatcher.settings import Settings
from dispatcher.setup import Services
from tests.tables import as_csv, as_xlsx

Run = Callable[..., Result]
HEADER = ["编号", "姓名", "联系方式", "等级"]


@pytest.fixture
def run(casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch) -> Run:
    services = Services(Settings(), casework.sessions, casework.context)
    monkeypatch.setattr(push, "build_services", lambda: services)
    return lambda *words: CliRunner().invoke(build_app(), ["push", *map(str, words)])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Three rows, of which one has no number; the column of phones is not known by its name."""
    rows = [[f"T-{number}", f"何样{number}", phone(number), "高"] for number in (1, 2)]
    path = tmp_path / "t.csv"
    path.write_bytes(as_csv(HEADER, *rows, ["T-3", "何样3", "未知", "高"]).encode("gbk"))
    return path


NAMED = ("--system", "north", "--map", "联系方式=victim.phones")


def test_a_table_is_looked_at_pushed_and_mended(run: Run, table: Path, casework: CaseworkFixture) -> None:
    seen = run(table, *NAMED, "--preview", "--keep", "north")
    assert seen.exit_code == 0 and "共 3 行:可受理 2 行" in seen.output and "不能受理 1 行" in seen.output
    assert casework.sql("SELECT count(*) FROM instructions")[0][0] == 0
    pushed = run(table, "--system", "north", "--columns", "north")
    assert pushed.exit_code == push.SOME_REFUSED
    back = table.with_name("refused-t.csv")
    assert str(back) in pushed.stderr and back.stat().st_mode & 0o077 == 0
    mended = back.read_bytes().decode("utf-8-sig").replace("未知", phone(3))
    back.write_text(mended, "utf-8-sig")
    assert run(back, *NAMED).exit_code == 0
    assert casework.sql("SELECT count(*) FROM instructions")[0][0] == 3


def test_the_same_row_on_another_day_is_another_warning(run: Run, tmp_path: Path, casework: CaseworkFixture) -> None:
    """Unless it says when it was issued: on one day, or dated, it is the same."""
    path = tmp_path / "t.csv"
    path.write_text(as_csv(["手机号"], [phone(1)]), "utf-8")
    dated = tmp_path / "d.csv"
    dated.write_text(as_csv(["手机号", "下发时间"], [phone(2), "2026-03-02 08:00"]), "utf-8")
    told = []
    for hours in (0, 30):
        casework.pass_time(hours=hours)
        answers = (run(each, "--system", "north", "--json").stdout for each in (path, path, dated))
        told += [json.loads(answer)["status"] for answer in answers]
    assert told == ["accepted", "duplicate", "accepted", "accepted", "duplicate", "duplicate"]


def test_a_spreadsheet(run: Run, tmp_path: Path, casework: CaseworkFixture) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(as_xlsx(["编号", "手机号"], ["T-1", int(phone(1))]))
    assert run(path, "--system", "north").exit_code == 0
    assert casework.sql("SELECT system, instruction_id FROM instructions") == [("north", "T-1")]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--system", "north"), "no column of phones or addresses"),
        (("--map", "联系方式"), "--map wants COLUMN=FIELD"),
        (("--map", "联系方式=victim.shoes"), "no field victim.shoes"),
        (("--map", "nowhere=victim.phones"), "no column nowhere"),
        (("--columns", "nobody"), "no columns kept as nobody"),
    ],
)
def test_a_mistake_is_one_line(run: Run, table: Path, words: tuple[str, ...], message: str) -> None:
    answer = run(table, *words)
    assert isinstance(answer.exception, OperatorError) and message in str(answer.exception)


def test_a_file_that_is_no_table(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(b"PK\x03\x04")
    for broken in (path, tmp_path / "nowhere.csv"):
        answer = run(broken)
        assert isinstance(answer.exception, OperatorError) and str(broken) in str(answer.exception)
