"""`verify` says what was compared, and no more."""

import pytest
from casework_fixture import CaseworkFixture
from typer.testing import CliRunner

from dispatcher.cli import verify
from dispatcher.cli.app import build_app
from dispatcher.settings import Settings
from dispatcher.setup import Services


def test_what_was_compared_is_said(casework: CaseworkFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(Settings(), casework.sessions, casework.context)
    monkeypatch.setattr(verify, "build_services", lambda: services)

    def shown(*words: str) -> str:
        return CliRunner().invoke(build_app(), ["verify", *words], catch_exceptions=False).stdout

    assert shown("--rebuild") == "任务 0 个,日志 0 条,数据表 0 行\n没有可核对的日志\n"
    casework.open()
    counted, verdict = shown().splitlines()
    assert "数据表" not in counted
    assert verdict == "日志编号无缺;未与数据表比对,比对用 --rebuild"
    assert shown("--rebuild").splitlines()[-1] == "日志编号无缺,与数据表逐行一致"
