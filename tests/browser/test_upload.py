"""The upload page as a person meets it."""

from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from dispatcher.up import Stack
from schemas.sheets.read import read
from tests.tables import as_csv, as_xlsx

HEADER = ["预警编号", "姓名", "电话号码", "受害人住址", "等级"]
BAD = {40, 80, 120}


def rows(count: int) -> list[list[str]]:
    phones = {number: "未知" if number in BAD else f"1540001{number:04d}" for number in range(1, count + 1)}
    return [[f"T-{number}", f"云样{number}", phone, "云汀市(虚构)", "低"] for number, phone in phones.items()]


def check_access(page: Page) -> None:
    """For who sees little, or uses no mouse: axe-core finds nothing."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def open_table(page: Page, file: Path) -> None:
    page.goto("/upload")
    page.get_by_label("文件").set_input_files(file)
    page.get_by_role("button", name="预览").click()


def test_a_table_in_gbk_is_mapped_previewed_pushed_and_mended(
    page: Page, centre: httpx.Client, tmp_path: Path, pictures: Path
) -> None:
    table = tmp_path / "预警.csv"
    table.write_bytes(as_csv(HEADER, *rows(200)).encode("gbk"))
    page.goto("/upload")
    check_access(page)
    page.screenshot(path=pictures / "upload-choose.png", full_page=True)
    open_table(page, table)
    expect(page.get_by_role("status")).to_contain_text("共 200 行:可受理 197 行")
    # A column that is not known by its name is named by hand.
    expect(page.get_by_label("受害人住址")).to_have_value("")
    page.get_by_label("受害人住址").select_option("victim.addresses.residence")
    page.get_by_label("将列对应保存为").fill("north")
    page.get_by_role("button", name="重新预览").click()
    expect(page.get_by_label("受害人住址")).to_have_value("victim.addresses.residence")
    expect(page.get_by_role("status")).to_contain_text("不能受理 0 行")  # whoever has an address can be reached
    page.get_by_label("受害人住址").select_option("")
    page.get_by_role("button", name="重新预览").click()
    expect(page.get_by_role("status")).to_contain_text("不能受理 3 行")
    check_access(page)
    page.screenshot(path=pictures / "upload-preview.png", full_page=True)
    page.get_by_role("button", name="推送 200 行").click()
    expect(page.get_by_role("status")).to_contain_text("已受理 197 行", timeout=120_000)
    check_access(page)
    page.screenshot(path=pictures / "upload-done.png", full_page=True)
    with page.expect_download() as download:
        page.get_by_role("link", name="下载未受理的行及原因").click()
    back = read(Path(download.value.path()).read_bytes())
    assert [row.cells[0] for row in back.rows] == ["T-40", "T-80", "T-120"]
    assert all(row.cells[-1] for row in back.rows)
    assert centre.get("/v1/instructions/T-200").status_code == 200
    assert centre.get("/v1/instructions/T-40").status_code == 404
    page.goto("/upload")
    assert "north" in page.get_by_label("列对应方案").inner_text()


def test_a_spreadsheet_that_lost_digits_is_told_before_it_is_pushed(page: Page, tmp_path: Path, pictures: Path) -> None:
    table = tmp_path / "t.xlsx"
    table.write_bytes(as_xlsx(["编号", "身份证号", "手机号"], ["X-1", 990101198001010019, 15400000001]))
    open_table(page, table)
    expect(page.get_by_role("status")).to_contain_text("存疑 1 行")
    page.screenshot(path=pictures / "upload-digits.png", full_page=True)


@pytest.mark.parametrize("width", [360, 768])
def test_nothing_is_cut_on_a_small_screen(page: Page, tmp_path: Path, pictures: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 740})
    table = tmp_path / "t.csv"
    table.write_bytes(as_csv(HEADER, *rows(45)).encode())
    open_table(page, table)
    expect(page.get_by_role("status")).to_contain_text("共 45 行")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=pictures / f"upload-{width}.png", full_page=True)


def test_without_the_key_nothing_is_shown(browser: Browser, stack: Stack) -> None:
    context = browser.new_context(http_credentials={"username": "desk", "password": "wdk_wrong"})
    answer = context.new_page().goto(f"{stack.url('api')}/upload")
    assert answer is not None and answer.status == 401
    context.close()


def test_the_documents_need_no_other_host(page: Page, pictures: Path) -> None:
    """Every asset is ours, and the page shows the calls."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/docs")
    expect(page.get_by_text("推送一条预警指令", exact=False).first).to_be_visible()
    assert {url.split("/")[2] for url in asked if url.startswith("http")} == {page.url.split("/")[2]}
    page.screenshot(path=pictures / "docs.png")
