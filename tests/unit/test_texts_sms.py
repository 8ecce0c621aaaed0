"""The SMS of each type and occasion, and what a bad file is told."""

import re
from pathlib import Path

import pytest

from dispatcher import texts
from dispatcher.texts import TextsError, lint, load
from schemas.vocabulary import FRAUD_TYPES

FOLDER = Path(texts.__file__).parent
SOURCE = (FOLDER / "warnings.toml").read_text(encoding="utf-8")
CALLS = (FOLDER / "voice.toml").read_text(encoding="utf-8")
CARDS = (FOLDER / "card.toml").read_text(encoding="utf-8")
OCCASIONS = (1, 2, 3)
LANGUAGES = ("zh-CN", "en")
PRIVATE = ("F09", "F12")


def refusal(tmp_path: Path, old: str, new: str) -> TextsError:
    """The product's own files as one, with one change."""
    whole = "\n".join((SOURCE, CALLS, CARDS))
    assert old in whole
    path = tmp_path / "own.toml"
    path.write_text(whole.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(TextsError) as caught:
        load(path)
    return caught.value


def test_table_covers_every_type() -> None:
    assert tuple(load().types) == FRAUD_TYPES


@pytest.mark.parametrize("fraud_type", FRAUD_TYPES)
def test_each_sms_is_signed_and_a_chinese_one_is_one_message(fraud_type: str) -> None:
    for occasion in OCCASIONS:
        chinese, english = load().sms(fraud_type, "zh-CN", occasion), load().sms(fraud_type, "en", occasion)
        assert len(chinese.encode("utf-16-le")) // 2 <= 70
        assert chinese.startswith("【云汀反诈】")
        assert english.startswith("[云汀反诈] ")


@pytest.mark.parametrize("fraud_type", FRAUD_TYPES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_occasion_has_words_of_its_own_in_the_house_style(fraud_type: str, language: str) -> None:
    said = [load().sms(fraud_type, language, occasion) for occasion in OCCASIONS]
    assert len(set(said)) == 3
    assert [lint(text, language) for text in said] == [[], [], []]
    assert not any(character.isdigit() for character in "".join(said))
    assert load().sms(fraud_type, language) == said[0]
    # Every warning after the third is a third one.
    assert load().sms(fraud_type, language, 4) == load().sms(fraud_type, language, 40) == said[2]


@pytest.mark.parametrize("fraud_type", FRAUD_TYPES)
def test_second_sms_names_who_comes_next_with_which_trick(fraud_type: str) -> None:
    assert re.match("【云汀反诈】[^,。]+的人接着可能", load().sms(fraud_type, "zh", 2))
    assert load().sms(fraud_type, "en", 2).startswith("[云汀反诈] Next, ")


@pytest.mark.parametrize("fraud_type", FRAUD_TYPES)
def test_third_sms_claims_nothing_and_sends_nobody(fraud_type: str) -> None:
    chinese, english = load().sms(fraud_type, "zh", 3), load().sms(fraud_type, "en", 3)
    assert chinese.startswith("【云汀反诈】再次提醒您")
    assert english.startswith("[云汀反诈] Once more: ")


@pytest.mark.parametrize("fraud_type", PRIVATE)
def test_private_types_never_send_the_family_in(fraud_type: str) -> None:
    for occasion in OCCASIONS:
        assert not re.search("家人|家属|亲友", load().sms(fraud_type, "zh", occasion))
        assert not re.search("family|relative", load().sms(fraud_type, "en", occasion))
    assert "隐私" in load().sms(fraud_type, "zh", 3)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notice_to_groups_is_no_personal_warning(language: str) -> None:
    for fraud_type in FRAUD_TYPES:
        notice = load().notice(fraud_type, language)
        assert lint(notice, language) == []
        assert not re.search("您可能|您正|再次|You may|Once more", notice)
        assert notice not in {load().sms(fraud_type, language, occasion) for occasion in OCCASIONS}
    for private in PRIVATE:
        assert load().types[private].notice is None
        assert load().notice(private, language) == load().notice("F99", language)


def test_minors_sms_is_for_the_guardian_on_every_occasion() -> None:
    assert all("孩子" in load().sms("F13", "zh", occasion) for occasion in OCCASIONS)


def test_unknown_type_gets_the_generic_texts() -> None:
    found = load()
    for unknown in ("F77", "", "刷单"):
        for occasion in OCCASIONS:
            assert found.sms(unknown, "zh", occasion) == found.sms("F99", "zh", occasion)
        assert found.cue(unknown) == found.cue("F99") == "按“停、断、核、报”四步。"
        assert found.label(unknown) == found.label("F99")


@pytest.mark.parametrize("language", ["en", "en-GB", "fr", "ug-CN", ""])
def test_other_languages_get_english(language: str) -> None:
    assert load().sms("F08", language).startswith("[云汀反诈] You may be on the phone with fake police.")


@pytest.mark.parametrize("language", ["zh", "zh-CN", "ZH-hans", "zh-TW"])
def test_every_chinese_gets_chinese(language: str) -> None:
    assert load().sms("F01", language).startswith("【云汀反诈】您可能正遇到刷单返利骗局。")


def test_cue_and_label() -> None:
    assert load().cue("F11") == "核对航班状态给其看。"
    assert load().label("F01") == "刷单返利 fake tasks with rebates"


def test_texts_are_read_once() -> None:
    assert load() is load()


@pytest.mark.parametrize(
    ("old", "new", "key", "why"),
    [
        ('first.zh = "您可能正遇到刷单', 'first.zh = "' + "长" * 30 + "刷单", "types.F01.first.zh", "at most 70"),
        ('first.zh = "您可能正遇到刷单', 'first.zh = "９6110。刷单', "types.F01.first.zh", "digits"),
        ('first.zh = "您可能正遇到刷单', 'first.zh = "看police.example。刷单', "types.F01.first.zh", "link"),
        ('first.zh = "您可能正遇到刷单', 'first.zh = "{surname},刷单', "types.F01.first.zh", "placeholder"),
        ('third.en = "Once more', 'third.en = "Click! Once more', "types.F01.third.en", "lures"),
        ('second.zh = "让您', 'third.fr = "让您', "types.F01.second.zh", "缺少此项"),
        ("{surname}{title}本人", "{name}本人", "voice.opening.zh", "{name}"),
        ("{surname}{title}本人", "{surname}{type}本人", "voice.opening.zh", "{type}"),
        ("请问您是机主", "您可能被骗。请问您是机主", "voice.opening_unnamed.zh", "骗"),
        ("我们一直没有联系上您单位", "我们发现了诈骗。您单位", "voice.others.employer.zh", "诈"),
        ("reach a resident at", "warn of fraud at", "voice.others.community.en", "scam"),
        ("一位同事", "{place}的同事", "voice.others.employer.zh", "{place}"),
        ("正遇到{type}骗局", "正遇到{type.label}骗局", "voice.subject.first.zh", "{type.label}"),
        ("正遇到{type}骗局", "正遇到{type!r}骗局", "voice.subject.first.zh", "placeholder"),
        ("正遇到{type}骗局", "正遇到{type骗局", "voice.subject.first.zh", "braces"),
        ("96110,谢谢。", "96110,谢谢。||", "voice.press.zh", "||"),
        ("[types.F07]", "[types.F77]", "types.F07", "missing"),
        ('sign = "云汀反诈"\n', "", "centre.sign", "required"),
        ('sign = "云汀反诈"\n', 'sign = ""\n', "centre.sign", "at least 1 character"),
        ('sign = "云汀反诈"\n', 'sign = "12381"\n', "centre.sign", "digits"),
        ("\n[types.F01]\n", "\n[types.F01]\nsms_fr = 'x'\n", "types.F01.sms_fr", "not permitted"),
        ("elderly.zh", "elderyl.zh", "card.facts.elderyl", "写法有误"),
        ("private = true\n", "private = true\nnotice = { zh = 'x', en = 'x' }\n", "types.F09", "a private type"),
        ('notice.zh = "近期电信', 'trial.zh = "近期电信', "types.F99.notice.zh", "缺少此项"),
        ('notice.zh = "近期有人以先返', 'notice.zh = "民警会上门。近期', "types.F01.notice.zh", "announces a visit"),
        ('press.zh = "是本人', 'press.zh = "民警会上门。是本人', "voice.press.zh", "announces a visit"),
    ],
)
def test_bad_file_names_the_key(tmp_path: Path, old: str, new: str, key: str, why: str) -> None:
    faults = refusal(tmp_path, old, new).errors
    assert any(fault.startswith(key) and why in fault for fault in faults), faults


def test_every_fault_is_listed_at_once(tmp_path: Path) -> None:
    own = SOURCE.replace("您可能正遇到刷单", "点击看，回复").replace("[types.F07]", "[types.F77]") + CALLS.replace(
        "{check}", "{x}"
    )
    path = tmp_path / "own.toml"
    path.write_text(own, encoding="utf-8")
    with pytest.raises(TextsError) as caught:
        load(path)
    keys = [fault.split(": ")[0] for fault in caught.value.errors]
    assert keys.count("types.F01.first.zh") == 2
    assert "types.F07" in keys
    assert "voice.guardian.third.en" in keys
    assert str(caught.value).startswith(f"预警文本文件有误 / {path}: ")


def test_a_centre_may_bring_only_its_own_name(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('[centre]\nsign = "乙市反诈"\ncity = "乙市"\ncity_en = "Yi"\n', encoding="utf-8")
    assert load(path).sms("F01", "zh") == load().sms("F01", "zh").replace("云汀反诈", "乙市反诈")


def test_there_is_room_for_a_sign_of_eight_characters(tmp_path: Path) -> None:
    def signed(characters: int) -> Path:
        path = tmp_path / f"{characters}.toml"
        path.write_text(f'[centre]\nsign = "{"长" * characters}"\ncity = "乙市"\ncity_en = "Yi"\n', encoding="utf-8")
        return path

    assert load(signed(8)).centre.sign == "长" * 8
    with pytest.raises(TextsError, match=r"types\.F04\.second\.zh: 含签名 \d+ 字"):
        load(signed(12))


@pytest.mark.parametrize(
    ("content", "told"), [(None, "无法读取"), (b"[centre", "不是有效的 TOML"), (b"\xff", "文件不是 UTF-8 文本")]
)
def test_unreadable_file_is_a_texts_error(tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "own.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TextsError, match=rf"own\.toml: {told}"):
        load(path)
