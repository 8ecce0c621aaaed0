"""Wording: what is sent, what is never said before the key press, and what a bad file is told."""

from itertools import product
from pathlib import Path

import pytest

from dispatcher import texts
from dispatcher.texts import CONFIRMED_PART, TextsError, load
from schemas.vocabulary import FRAUD_TYPES, Person

SOURCE = Path(texts.__file__).with_name("warnings.toml").read_text(encoding="utf-8")
LENGTHS = {
    "F01": 57, "F02": 56, "F03": 50, "F04": 55, "F05": 49, "F06": 53, "F07": 47, "F08": 51,
    "F09": 55, "F10": 49, "F11": 46, "F12": 55, "F13": 54, "F14": 51, "F99": 51,
}  # fmt: skip
LANGUAGES = ("zh-CN", "en")
NOT_SUBJECT = (Person.FAMILY, Person.GUARDIAN, Person.OTHER)
SURNAMES = ("何", None)
GENDERS = ("男", "女", None)


def parts(fraud_type: str, language: str, person: Person, surname: str | None, gender: str | None) -> tuple[str, str]:
    script = load().voice(fraud_type, language, person, surname, gender)
    assert script.count(CONFIRMED_PART) == 1
    before, after = script.split(CONFIRMED_PART)
    return before, after


def kinds(fraud_type: str) -> set[str]:
    """Every word a script could use for a scam type."""
    scam = load().types[fraud_type]
    return {word for word in (scam.label_zh, scam.label_en, scam.spoken_zh, scam.spoken_en) if word}


def refusal(tmp_path: Path, old: str, new: str) -> str:
    assert old in SOURCE
    path = tmp_path / "warnings.toml"
    path.write_text(SOURCE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(TextsError) as caught:
        load(path)
    return str(caught.value)


def test_table_covers_every_type() -> None:
    assert tuple(LENGTHS) == FRAUD_TYPES
    assert tuple(load().types) == FRAUD_TYPES


@pytest.mark.parametrize("fraud_type", FRAUD_TYPES)
def test_sms_has_the_length_of_the_table_and_no_digits(fraud_type: str) -> None:
    chinese, english = load().sms(fraud_type, "zh-CN"), load().sms(fraud_type, "en")
    assert len(chinese) == LENGTHS[fraud_type]
    assert chinese.startswith("【云汀反诈】")
    assert english.startswith("[云汀反诈] ")
    assert not any(character.isdigit() for character in chinese + english)


def test_unknown_type_gets_the_generic_texts() -> None:
    found, subject = load(), ("zh-CN", Person.SUBJECT, "何", "女")
    for unknown in ("F77", "", "刷单"):
        assert found.sms(unknown, "zh") == found.sms("F99", "zh")
        assert found.cue(unknown) == found.cue("F99") == "按“停、断、核、报”四步。"
        assert found.label(unknown) == found.label("F99")
        assert found.voice(unknown, *subject) == found.voice("F99", *subject)


@pytest.mark.parametrize("language", ["en", "en-GB", "fr", "ug-CN", ""])
def test_other_languages_get_english(language: str) -> None:
    assert load().sms("F08", language).startswith("[云汀反诈] You may be on the phone with fake police.")
    script = load().voice("F08", language, Person.SUBJECT, "Smith", "male")
    assert script.startswith("This is the Yunting anti-fraud centre.")
    assert "Are you Mr Smith? If this is you, press 1." in script


@pytest.mark.parametrize("language", ["zh", "zh-CN", "ZH-hans", "zh-TW"])
def test_every_chinese_gets_chinese(language: str) -> None:
    assert load().sms("F01", language).startswith("【云汀反诈】您可能正遇到刷单返利骗局。")


@pytest.mark.parametrize("fraud_type", FRAUD_TYPES)
def test_nothing_of_the_scam_is_said_before_the_key_press(fraud_type: str) -> None:
    for language, person, surname, gender in product(LANGUAGES, Person, SURNAMES, GENDERS):
        before, _ = parts(fraud_type, language, person, surname, gender)
        assert not any(word in before for word in kinds(fraud_type))
        # The same words for every type: so nothing can be guessed from them either.
        assert before == parts("F99", language, Person.SUBJECT, surname, gender)[0]


def test_opening_names_the_surname_and_nothing_more() -> None:
    before, _ = parts("F08", "zh-CN", Person.SUBJECT, "何", "女")
    assert before == (
        "您好,这里是云汀市反诈中心。我们不会让您转账,也不会问密码和验证码。"
        "请问您是何女士本人吗?如果是本人请按1,不是请挂断。"
    )


@pytest.mark.parametrize(
    ("gender", "zh", "en"),
    [
        ("男", "何先生", "Mr 何"),
        ("male", "何先生", "Mr 何"),
        ("女", "何女士", "Ms 何"),
        ("Female", "何女士", "Ms 何"),
        ("未知", "何先生或女士", "Mr or Ms 何"),
        (None, "何先生或女士", "Mr or Ms 何"),
    ],
)
def test_title_follows_the_gender(gender: str | None, zh: str, en: str) -> None:
    assert f"请问您是{zh}本人吗?" in parts("F01", "zh-CN", Person.SUBJECT, "何", gender)[0]
    assert f"Are you {en}?" in parts("F01", "en", Person.SUBJECT, "何", gender)[0]


@pytest.mark.parametrize("surname", [None, "", "  ", CONFIRMED_PART])
def test_without_a_surname_the_owner_is_asked_for(surname: str | None) -> None:
    before, _ = parts("F01", "zh-CN", Person.SUBJECT, surname, "男")
    assert "请问您是机主本人吗?" in before
    assert "先生" not in before


def test_a_surname_can_move_neither_separator_nor_placeholder() -> None:
    before, after = parts("F01", "zh-CN", Person.SUBJECT, "何||{type}", "男")
    assert "何{type}先生" in before
    assert "刷单返利" in after


@pytest.mark.parametrize("fraud_type", FRAUD_TYPES)
def test_subject_hears_the_scam_after_the_key_press(fraud_type: str) -> None:
    for language in LANGUAGES:
        _, after = parts(fraud_type, language, Person.SUBJECT, "何", "男")
        assert any(word in after for word in kinds(fraud_type))
        assert "96110" in after
        assert "110" in after.replace("96110", "")
        assert "{" not in after
        assert "任务码" not in after
        assert "task code" not in after


def test_generic_type_is_spoken_as_a_sentence() -> None:
    assert "您可能正遇到电信网络骗局。" in parts("F99", "zh-CN", Person.SUBJECT, "何", "男")[1]


@pytest.mark.parametrize("person", NOT_SUBJECT)
def test_nobody_but_the_subject_hears_of_the_scam(person: Person) -> None:
    scripts = {language: load().voice("F99", language, person, "何", "女") for language in LANGUAGES}
    for fraud_type, language in product(FRAUD_TYPES, LANGUAGES):
        script = load().voice(fraud_type, language, person, "何", "女")
        assert script == scripts[language]
        assert not any(word in script for word in kinds(fraud_type))
        assert "骗局" not in script
        assert "scam" not in script
        assert "96110" in script.split(CONFIRMED_PART)[1]


def test_cue_and_label() -> None:
    assert load().cue("F11") == "核对航班状态给其看。"
    assert load().label("F01") == "刷单返利 fake tasks with rebates"


def test_texts_are_read_once() -> None:
    assert load() is load()


@pytest.mark.parametrize(
    ("old", "new", "key", "why"),
    [
        ('sms_zh = "您可能正遇到刷单', 'sms_zh = "' + "长" * 30 + "刷单", "types.F01.sms_zh", "at most 70"),
        ('sms_zh = "您可能正遇到刷单', 'sms_zh = "回拨９6110。刷单', "types.F01.sms_zh", "digits"),
        ('sms_zh = "您可能正遇到刷单', 'sms_zh = "请看police.example。刷单', "types.F01.sms_zh", "link"),
        ('sms_zh = "您可能正遇到刷单', 'sms_zh = "{surname},刷单', "types.F01.sms_zh", "{surname}"),
        ("{surname}{title}本人", "{name}本人", "voice.opening_zh", "{name}"),
        ("{surname}{title}本人", "{surname}{type}本人", "voice.opening_zh", "{type}"),
        ("正遇到{type}骗局", "正遇到{type.label}骗局", "voice.body_zh", "{type.label}"),
        ("正遇到{type}骗局", "正遇到{type!r}骗局", "voice.body_zh", "placeholder"),
        ("正遇到{type}骗局", "正遇到{type骗局", "voice.body_zh", "'}'"),
        ("不是请挂断。", "不是请挂断。||", "voice.press.zh", "||"),
        ("[types.F07]", "[types.F77]", "types.F07", "missing"),
        ('sign = "云汀反诈"\n', "", "centre.sign", "required"),
        ('sign = "云汀反诈"\n', 'sign = ""\n', "centre.sign", "at least 1 character"),
        ("\n[types.F01]\n", "\n[types.F01]\nsms_fr = 'x'\n", "types.F01.sms_fr", "not permitted"),
        ("[centre]", "[centre", "warnings.toml", "line"),
    ],
)
def test_bad_file_names_the_key(tmp_path: Path, old: str, new: str, key: str, why: str) -> None:
    message = refusal(tmp_path, old, new)
    assert f"{key}: " in message
    assert why in message


def test_missing_file_is_a_texts_error(tmp_path: Path) -> None:
    with pytest.raises(TextsError, match=r"absent\.toml"):
        load(tmp_path / "absent.toml")
