"""What is read without a zone is in the policy's, wherever the host is: a time copied from a screen is found."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from dispatcher.cli import arguments
from dispatcher.cli.output import minute, short_time
from dispatcher.errors import OperatorError

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.fixture(params=["UTC", "Asia/Shanghai", "America/New_York"])
def host(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A host in another zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize(
    "text", ["2026-03-02T09:00", "2026-03-02 09:00", "2026-03-02T01:00Z", "2026-03-01T20:00-05:00"]
)
def test_a_time_means_the_same_on_every_host(text: str) -> None:
    assert arguments.moment(text, "--since") == AT


@pytest.mark.usefixtures("host")
def test_a_time_is_shown_in_the_same_zone_on_every_host() -> None:
    assert minute(AT) == "03-02 09:00"


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize("form", [minute, short_time])
@pytest.mark.parametrize("days", [-180, -1, 0, 1, 180])
def test_a_time_copied_from_a_list_is_read(form: Callable[[datetime], str], days: int) -> None:
    at = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(days=days)
    assert arguments.moment(form(at), "--since") == at


def test_a_time_without_a_year_is_of_the_nearest() -> None:
    zone = arguments.zone()
    for text, now, year in (
        ("12-31 23:50", datetime(2027, 1, 1, 0, 5, tzinfo=zone), 2026),
        ("01-01 00:05", datetime(2026, 12, 31, 23, 50, tzinfo=zone), 2027),
        ("02-29 08:00", datetime(2028, 3, 2, tzinfo=zone), 2028),
    ):
        assert arguments._as_shown(text, now).year == year


@pytest.mark.usefixtures("host")
def test_a_day_begins_at_its_midnight_there() -> None:
    assert arguments.moment("2026-03-02", "--since") == datetime(2026, 3, 1, 16, 0, tzinfo=UTC)


def test_what_is_no_time_is_told() -> None:
    for text in ("tomorrow", "13-01 08:00", "02-30 08:00", "11-28", "１１-28 08:00"):
        with pytest.raises(OperatorError, match="wants ISO 8601"):
            arguments.moment(text, "--since")
