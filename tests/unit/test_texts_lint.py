"""The linter of the process style."""

import pytest

from dispatcher.texts import lint
from dispatcher.texts.lint import MAX_SMS_EN, MAX_SMS_ZH

ZH = "【云汀反诈】您可能遇到骗局。请停止转账。"
EN = "[云汀反诈] You may be in a scam. Stop paying."


def test_good_texts_have_no_faults() -> None:
    assert lint(ZH, "zh-CN") == []
    assert lint(EN, "en") == []


@pytest.mark.parametrize(
    ("added", "why"),
    [
        ("96110", "digits"),
        ("９６１１０", "digits"),
        ("①", "digits"),
        ("拨打幺幺零", "spelled out"),
        ("九六-幺幺零", "spelled out"),
        ("看police.cn", "link"),
        ("看http://a", "link"),
        ("看ｐｏｌｉｃｅ．ｃｎ", "link"),
        ("找a@b", "handle"),
        ("加微信核实", "handle"),
        ("对方QQ", "handle"),
        ("回复是", "reply"),
        ("请回拨", "reply"),
        ("{surname}先生", "placeholder"),
        ("#code#", "placeholder"),
        ("XXX先生", "placeholder"),
        ("注意!", "shouts"),
        ("注意！", "shouts"),
        ("真的吗??", "shouts"),
        ("⚠", "shouts"),
        ("请STOP", "capitals"),
        ("转走三万元", "amount"),
        ("￥", "amount"),
        ("否则立即抓捕", "threatens"),
        ("后果自负", "threatens"),
        ("有奖励", "lures"),
        ("点击查看", "lures"),
        ("保证追回", "lures"),
    ],
)
def test_each_fault_is_told(added: str, why: str) -> None:
    faults = lint(ZH + added, "zh-CN")
    assert len(faults) == 1
    assert why in faults[0]
    assert " / " in faults[0]


@pytest.mark.parametrize(
    ("added", "why"),
    [
        ("Call back soon.", "call back"),
        ("Ring one one zero.", "spelled out"),
        ("WARNING", "capitals"),
        ("Lose ten dollars.", "amount"),
        ("You will be arrested.", "threatens"),
        ("Click here.", "lures"),
        ("Add my WhatsApp.", "handle"),
    ],
)
def test_each_fault_is_told_in_english_too(added: str, why: str) -> None:
    faults = lint(f"{EN} {added}", "en")
    assert len(faults) == 1
    assert why in faults[0]


@pytest.mark.parametrize(
    "unsigned", ["请停止转账。", "请停止转账。【云汀反诈】", "[云汀反诈] 请停止转账。", "【】请停止转账。"]
)
def test_the_sign_stands_in_front(unsigned: str) -> None:
    assert lint(unsigned, "zh") == ["缺少开头的签名 / no sign in front"]


def test_it_must_say_what_to_do() -> None:
    assert lint("【云汀反诈】您可能遇到骗局。", "zh") == ["未写明该怎么做 / does not say what to do"]
    assert lint("[云汀反诈] This is a nonstop scam.", "en") == ["未写明该怎么做 / does not say what to do"]


def test_length_counts_the_sign() -> None:
    assert lint(ZH.ljust(MAX_SMS_ZH, "好"), "zh") == []
    assert "71" in lint(ZH.ljust(MAX_SMS_ZH + 1, "好"), "zh")[0]
    assert lint(EN.ljust(MAX_SMS_EN, " "), "en") == []
    assert "202" in lint(EN.ljust(MAX_SMS_EN + 1, " "), "en")[0]
    # A rare character is two units on the air.
    assert "71" in lint(ZH.ljust(MAX_SMS_ZH - 1, "好") + "𠮷", "zh")[0]


def test_all_faults_are_listed() -> None:
    faults = lint("你好!点击x.cn回复1", "zh")
    assert len(faults) == 7
