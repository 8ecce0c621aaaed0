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
        ("全额追回", "lures"),
        ("民警会上门与您见面。", "announces a visit"),
        ("我们马上到您家。", "announces a visit"),
        ("工作人员将来找您。", "announces a visit"),
        ("见面前不要付款。", "announces a visit"),
        ("等民警联系。", "wait for the police"),
        ("请等待我们。", "wait for the police"),
        ("民警稍后与您联系。", "wait for the police"),
        ("我们为您保密。", "alone, secrecy"),
        ("民警单独谈。", "alone, secrecy"),
        ("核实后立即解除。", "nobody can keep"),
        ("我们保证安全。", "nobody can keep"),
        ("钱一定能拿回。", "nobody can keep"),
        ("您已涉嫌洗钱。", "accuses"),
        ("您已经违法。", "accuses"),
        ("怪您不小心。", "accuses"),
        ("我们已多次提醒。", "over-claims"),
        ("多次联系您未果。", "over-claims"),
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
        ("Officers will come to see you.", "announces a visit"),
        ("We will visit you.", "announces a visit"),
        ("Please wait for the police.", "wait for the police"),
        ("We keep it private.", "alone, secrecy"),
        ("An officer will see you alone.", "alone, secrecy"),
        ("You will get your money back.", "nobody can keep"),
        ("You are suspected of fraud.", "accuses"),
        ("We have warned you before.", "over-claims"),
    ],
)
def test_each_fault_is_told_in_english_too(added: str, why: str) -> None:
    faults = lint(f"{EN} {added}", "en")
    assert len(faults) == 1
    assert why in faults[0]


@pytest.mark.parametrize(
    "said",
    [
        "自称警察的人叫您保密。请挂断。",
        "骗子说上门的民警是假的。请核实。",
        "请不要把现金交给上门的人。",
        "骗子要您先交保证金。请停止付款。",
        "打电话说您涉案的是骗子。请挂断。",
        "您可以到派出所单独和民警谈。请停止付款。",
        "我们会保护您的隐私。请停止付款。",
        "再次提醒您,请停止付款。",
    ],
)
def test_what_a_scammer_says_may_be_quoted(said: str) -> None:
    assert lint(f"【云汀反诈】{said}", "zh") == []


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
