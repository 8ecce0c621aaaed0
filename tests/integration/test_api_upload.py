"""The upload page: a table is looked at, pushed, and what was refused comes back to be mended."""

import base64
import re
from html import unescape
from typing import Any

import httpx
import pytest
from api_fixture import Api
from casework_fixture import SYSTEM, CaseworkFixture, phone, resident
from test_api_push import problem

from schemas.problems import ProblemCode
from schemas.sheets.read import read
from tests.tables import as_csv, as_xlsx

HEADER = ["预警编号", "姓名", "身份证号", "手机号", "等级", "备注"]
BAD = {40, 80, 120}


def rows(count: int = 200) -> list[list[str]]:
    return [
        [f"YJ-{number}", f"何样{number}", resident(number), "未知" if number in BAD else phone(number), "高", "=1+1"]
        for number in range(1, count + 1)
    ]


@pytest.fixture
def browser(api: Api) -> httpx.Client:
    """What a browser sends: the key as a password, and where the form stood."""
    shown = base64.b64encode(f"desk:{api.new_key()}".encode()).decode()
    return api.with_key(None, Authorization=f"Basic {shown}", **{"Sec-Fetch-Site": "same-origin", "Origin": api.url})


def preview(browser: httpx.Client, content: bytes, **form: Any) -> httpx.Response:
    return browser.post("/upload/preview", files={"file": ("t", content)}, data={"system": SYSTEM} | form)


def form_of(page: str) -> dict[str, str]:
    """What the browser would send of the preview's form."""
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page))
    chosen = {
        name: next(iter(re.findall(r'<option value="([^"]*)" selected>', options)), "")
        for name, options in re.findall(r'<select name="([^"]*)"[^>]*>(.*?)</select>', page, re.DOTALL)
    }
    return {name: unescape(value) for name, value in (hidden | chosen).items()}


def refused_file(page: str) -> bytes:
    (content,) = re.findall(r"base64,([A-Za-z0-9+/=]+)\"", page)
    return base64.b64decode(content)


def test_a_table_in_gbk_with_three_bad_rows(browser: httpx.Client, casework: CaseworkFixture) -> None:
    assert 'type="file"' in browser.get("/upload").text
    seen = preview(browser, as_csv(HEADER, *rows()).encode("gbk"))
    assert "共 200 行:可受理 197 行" in seen.text and "不能受理 3 行" in seen.text
    assert [number for number in ("41", "81", "121") if f'<td class="number">{number}</td>' in seen.text] == [
        "41",
        "81",
        "121",
    ]
    assert casework.sql("SELECT count(*) FROM instructions")[0][0] == 0
    done = browser.post("/upload/push", data=form_of(seen.text)).text
    assert "已推送 100 / 200 行" in done and "已受理 197 行" in done and "未受理 3 行" in done
    assert casework.sql("SELECT count(*) FROM instructions")[0][0] == 197
    back = read(refused_file(done))
    assert [row.cells[0] for row in back.rows] == ["YJ-40", "YJ-80", "YJ-120"]
    assert all("victim" in row.cells[-1] and row.cells[5] == "=1+1" for row in back.rows)
    mended = refused_file(done).decode("utf-8-sig").replace("未知", phone(40))
    again = browser.post("/upload/push", data=form_of(preview(browser, mended.encode()).text)).text
    assert "已受理 3 行" in again


def test_a_spreadsheet_that_lost_digits_is_told_before_it_is_pushed(browser: httpx.Client) -> None:
    content = as_xlsx(HEADER[:4], ["YJ-1", "何样", 990101198001010019, 15400000001])
    seen = preview(browser, content)
    assert "存疑 1 行" in seen.text and "9.9010119800101e+17" in seen.text and "15400000001" in seen.text
    assert "证件号无效" in seen.text


def test_columns_are_named_by_hand_and_kept(browser: httpx.Client, api: Api, casework: CaseworkFixture) -> None:
    content = as_csv(["甲", "乙"], ["何样", phone(1)]).encode()
    seen = preview(browser, content)
    assert (seen.status_code, "没有电话或地址列" in seen.text) == (400, True)
    form = form_of(seen.text) | {"column:0": "victim.name", "column:1": "victim.phones", "keep": "north"}
    named = browser.post("/upload/preview", data=form)
    assert "共 1 行:可受理 1 行" in named.text
    assert "<option>north</option>" in browser.get("/upload").text
    assert "north" not in api.client("another").get("/upload").text
    assert "可受理 1 行" in preview(browser, content, kept="north").text
    for _ in range(2):  # a row without an id has the same one again
        browser.post("/upload/push", data=form_of(named.text))
    assert casework.sql("SELECT count(*) FROM instructions")[0][0] == 1


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"PK\x03\x04x"])
def test_what_is_no_table_is_said_on_the_page(browser: httpx.Client, content: bytes) -> None:
    told = preview(browser, content)
    assert told.status_code == 400 and 'role="alert"' in told.text and 'type="file"' in told.text


def test_what_stands_in_a_table_is_no_markup(browser: httpx.Client) -> None:
    evil = '<script>alert(1)</script>"&'
    seen = preview(browser, as_csv([evil, "手机号"], [evil, "未知"]).encode())
    assert "<script" not in seen.text and "script-src" not in seen.headers["content-security-policy"]
    done = browser.post("/upload/push", data=form_of(seen.text))
    assert "<script" not in done.text and done.headers["cache-control"] == "no-store"


def test_a_form_of_another_site_is_refused(browser: httpx.Client, api: Api) -> None:
    form = form_of(preview(browser, as_csv(HEADER, *rows(1)).encode()).text)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}, {"Origin": "null"}):
        problem(browser.post("/upload/push", data=form, headers=headers), ProblemCode.OUT_OF_SCOPE)


def test_a_source_that_is_not_the_clients(browser: httpx.Client) -> None:
    told = preview(browser, as_csv(HEADER, *rows(1)).encode(), system="other")
    assert told.status_code == 400 and "请选择来源系统" in told.text


def test_the_page_in_english(browser: httpx.Client) -> None:
    page = browser.get("/upload", params={"language": "en"}).text
    assert "Upload a table of warnings" in page and 'lang="en"' in page
    seen = preview(browser, as_csv(HEADER, *rows(1)).encode(), language="en").text
    assert "1 rows: 1 can be taken" in seen and "Columns" in seen
