"""A centre's own texts: edited in a folder, used once approved by name, and counted in messages."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dispatcher.texts import TextsError, approved, build, load
from dispatcher.texts.parts import parts

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
CENTRE = '[centre]\nsign = "江畔反诈"\ncity = "江畔市"\ncity_en = "Jiangpan"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ours.toml").write_text(CENTRE, "utf-8")
    return tmp_path


def faults(folder: Path) -> list[str]:
    with pytest.raises(TextsError) as caught:
        approved.load(folder)
    return caught.value.errors


def test_nothing_is_in_use_before_somebody_approved_it(folder: Path) -> None:
    assert faults(folder)[0].endswith("nothing was approved yet; run `dispatcher texts approve --by BADGE`")
    assert approved.is_edited(folder)
    made = approved.approve(folder, "郑批准", AT)
    found = approved.load(folder)
    assert found.sms("F01", "zh-CN").startswith("【江畔反诈】")
    assert (found.edition.version, found.edition.by, found.edition.at) == (1, "郑批准", AT)
    assert found.version == made.version
    assert not approved.is_edited(folder)


def test_an_edit_changes_nothing_until_it_is_approved_too(folder: Path) -> None:
    first = approved.approve(folder, "郑批准", AT)
    (folder / "ours.toml").write_text(CENTRE.replace("江畔反诈", "江畔警方"), "utf-8")
    assert approved.is_edited(folder)
    assert approved.load(folder).version == first.version
    second = approved.approve(folder, "钱批准", AT)
    assert approved.load(folder).sms("F01", "zh-CN").startswith("【江畔警方】")
    assert (first.version[:2], second.version[:2]) == ("1-", "2-")
    assert json.loads((folder / "approved" / "1.json").read_text("utf-8"))["tables"]["centre"]["sign"] == "江畔反诈"


def test_what_has_a_fault_or_no_change_is_not_approved(folder: Path) -> None:
    approved.approve(folder, "郑批准", AT)
    with pytest.raises(TextsError, match="nothing was changed since version 1"):
        approved.approve(folder, "郑批准", AT)
    (folder / "ours.toml").write_text(CENTRE.replace("江畔市", "{name}市"), "utf-8")
    with pytest.raises(TextsError, match=r"centre.city: .*unknown placeholder \{name\}"):
        approved.approve(folder, "郑批准", AT)
    assert [each.name for each in (folder / "approved").iterdir()] == ["1.json"]


def test_a_table_stands_in_one_file(folder: Path) -> None:
    (folder / "again.toml").write_text(CENTRE, "utf-8")
    with pytest.raises(TextsError, match=r"centre: .*stands in another file too"):
        approved.approve(folder, "郑批准", AT)


def test_what_was_changed_by_hand_is_told(folder: Path) -> None:
    approved.approve(folder, "郑批准", AT)
    (folder / "approved" / "1.json").write_text("{}", "utf-8")
    assert faults(folder) == ["无法读取 / can't be read: not as `texts approve` wrote it"]


def changed(folder: Path, change: dict[str, object], version: int = 1) -> None:
    path = folder / "approved" / f"{version}.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change, ensure_ascii=False), "utf-8")


@pytest.mark.parametrize(
    "change",
    [
        {"tables": {"centre": {"sign": "江畔反诈", "city": "江畔市", "city_en": "Jiangpan "}}},
        {"tables": {}},
        {"by": "钱批准"},
        {"at": "2026-11-24T08:00:00Z"},
        {"version": 2},
        {"digest": None},
        {"digest": "0" * 64},
    ],
)
def test_what_was_edited_by_hand_is_not_used_until_it_is_approved_anew(folder: Path, change: dict[str, object]) -> None:
    approved.approve(folder, "郑批准", AT)
    changed(folder, change)
    (fault,) = faults(folder)
    assert "changed since it was approved" in fault
    assert "texts approve" in fault
    assert approved.is_edited(folder)
    assert approved.approve(folder, "郑批准", AT).edition.version == 2
    assert approved.load(folder).edition.version == 2


def test_only_the_writing_of_a_file_may_differ(folder: Path) -> None:
    approved.approve(folder, "郑批准", AT)
    changed(folder, {})
    path = folder / "approved" / "1.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert approved.load(folder).edition.version == 1


def test_a_version_that_cant_be_read_is_approved_anew(folder: Path) -> None:
    approved.approve(folder, "郑批准", AT)
    (folder / "approved" / "1.json").write_text("{}", "utf-8")
    (folder / "approved" / "２.json").write_text("{}", "utf-8")
    assert approved.approve(folder, "郑批准", AT).edition.version == 2


@pytest.mark.parametrize("number", ["13800138000", "138 0013 8000", "990101198001010011", "1380013-8000"])
def test_nobodys_number_stands_in_a_text(folder: Path, number: str) -> None:
    tables = load().model_dump(by_alias=True, mode="json")
    voice = tables["voice"] | {"press": {"zh": f"请按1,或致电{number}", "en": "Press 1."}}
    with pytest.raises(TextsError, match=r"voice.press.zh: .*holds nobody's data"):
        build(folder, {"voice": voice})


def test_a_version_tells_what_the_product_itself_says_too() -> None:
    assert load().version.startswith("0-")
    assert load().version == build(Path(), {}).version
    changed = build(Path(), {"centre": {"sign": "别处", "city": "别市", "city_en": "Elsewhere"}})
    assert changed.version != load().version


@pytest.mark.parametrize(
    ("text", "alphabet", "count"),
    [
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3),
        ("€" * 80, "GSM-7", 1),
        ("a" * 79 + "€" * 41, "GSM-7", 2),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 3),  # two septets that are not cut in two
        ("请" * 70, "UCS-2", 1),
        ("请" * 71, "UCS-2", 2),
        ("请" * 134, "UCS-2", 2),
        ("请" * 66 + "😀" + "请" * 66, "UCS-2", 3),
        ("ç", "UCS-2", 1),  # of the alphabet only its capital
    ],
)
def test_messages_are_counted_by_alphabet(text: str, alphabet: str, count: int) -> None:
    assert parts(text) == (alphabet, count)
