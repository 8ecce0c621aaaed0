"""Links, numbers, handles and the words of a swindler, plain and in disguise; and that a warning may quote them."""

import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dispatcher.texts import TextsError, build, lint, load, style
from dispatcher.texts.characters import strange, undisguised

SMS = "【云汀反诈】您可能遇到骗局。{}。请停止操作。"

# What is put into an SMS, and the words of its refusal.
DISGUISED = {
    "link or domain": (
        *(
            "反诈.中国",
            "反诈。中国",
            "看反诈 . 中国",
            "反诈．中国",
            "反诈｡中国",
            "反诈点中国",
            "police.cn",
            "ｐｏｌｉｃｅ．ｃｎ",
        ),
        *("police . cn", "police点cn", "police dot cn", "police(.)cn", "police•cn", "看t.cn", "看www官网", "hxxps开头"),
        *("police.\u200bcn", "pol\u00adice.cn", "𝐩𝐨𝐥𝐢𝐜𝐞.𝐜𝐧", "ⓟⓞⓛⓘⓒⓔ.cn", "看//police"),
    ),
    "digits": (
        "96110",
        "９６１１０",
        "⑨⑥①①⓪",
        "❾❻",
        "٩٦١١٠",
        "९६",
        "๙๖",
        "𝟗𝟔",
        "Ⅸ",
        "㈨九1",
        "9\ufe0f\u20e3",
        "½",
        "〩",
    ),
    "spelled out": (
        *(
            "九六幺幺零",
            "九/六/一",
            "九、六、一",
            "九 六 一",
            "九·六·一",
            "九_六_一",
            "九.六.一",
            "九|六|一",
            "玖陆壹",
            "九陸壹",
            "洞拐洞",
        ),
        *("一百一十", "nine six one", "nine/six/one", "double one zero", "jiu liu yao"),
    ),
    "bring money to": (
        "转到安全账户",
        "转到安 全 账 户",
        "安/全/账/户",
        "安*全帳戶",
        "安全賬號",
        "转入指定账户",
        "Move it to a safe account",
    ),
    "a code or a password": (
        *(
            "请把验证码告诉民警",
            "验证码发给我",
            "请提供验 证 码",
            "把驗證碼告诉我",
            "报动态码",
            "验-证-码报给民警",
            "输入校验码",
        ),
        *("Tell us the code", "Send your password"),
    ),
    "contact": (
        *(
            "加V信",
            "加v信",
            "加薇信",
            "加威信",
            "加 V 信",
            "加-V",
            "加ⓥ信",
            "加Ｖ信",
            "+V核实",
            "加VX",
            "加卫星",
            "加企鹅",
            "加扣扣",
        ),
        *("加民警微信", "搜微信", "加@police", "Add my line"),
    ),
    "secrecy": ("请严格保密", "务必保密", "不要告诉家人", "别联系银行", "Do not tell your family", "Keep this secret"),
    "share the screen": ("请打开屏幕共享", "请共享屏幕", "开启手机屏幕共享", "Please share your screen"),
    "asks for money": ("请马上转账到民警处", "务必汇款", "请立即转入", "You must transfer it"),
}

# What warns, and quotes.
QUOTED = (
    *(
        "公检法没有安全账户",
        "没有安全账户,不会叫您保密、取现金",
        "叫您把钱转到指定账户的都是诈骗",
        "请不要提供验证码",
        "不要把验证码告诉别人",
    ),
    *(
        "对方接着可能要您共享屏幕、报验证码",
        "我们不会让您转账,也不会问密码和验证码",
        "请停止转账",
        "请先停止充值和转账",
        "核实之前请不要转账",
    ),
    *(
        "对方接着可能冒充民警要您保密、打开屏幕共享,再把钱转到安全账户",
        "让您加微博的先别信",
        "先在三十天内还清",
        "她很有威信",
        "一二线城市",
    ),
    *(
        "There is no 'safe account'",
        "Next they may want your screen or your codes",
        "Give no codes",
        "Please stop all transfers first",
    ),
    *("Ring us. Communities help", "They say that you must transfer first"),
    *(
        "Next, the trader may say the account is frozen and you must pay in",
        "the 'airline' may want codes or say you must transfer",
    ),
)


@pytest.mark.parametrize(("why", "added"), [(why, each) for why, all_ in DISGUISED.items() for each in all_])
def test_a_disguise_hides_nothing(why: str, added: str) -> None:
    found = lint(SMS.format(added), "zh-CN")
    assert any(why in fault for fault in found), found


@pytest.mark.parametrize("added", QUOTED)
def test_a_warning_may_quote_what_it_warns_of(added: str) -> None:
    assert list(style.faults(SMS.format(added), everywhere=True)) == []
    assert strange(added) is None


@pytest.mark.parametrize(
    "why", ["link or domain", "bring money to", "a code or a password", "secrecy", "asks for money"]
)
@pytest.mark.parametrize("table", ["voice", "card"])
def test_neither_calls_nor_cards_may_say_it(table: str, why: str) -> None:
    said: dict[str, Any] = load().model_dump(by_alias=True, mode="json")
    key = "press" if table == "voice" else "show"
    said[table][key]["zh"] = DISGUISED[why][0] + ("{text}" if table == "card" else "")
    with pytest.raises(TextsError, match=f"{table}.{key}.zh: .*{why}"):
        build(Path(), {table: said[table]})


# A character that no text may hold, and the words of its refusal.
STRANGE = {
    "\u0007": "a control character, U+0007",
    "\n": "a control character",
    "\u0085": "a control character",
    "\u202e": "turns the direction of reading, U+202E",
    "\u2067": "turns the direction",
    "\u200b": "can't be seen",
    "\u2060": "can't be seen",
    "\ufeff": "can't be seen",
    "\U000e0041": "can't be seen",
    "\ue000": "for private use",
    "\U000f0000": "for private use",
    "\U0003fffd": "nobody has defined",
    "\u0301": "over another character",
    "\ufe0f": "over another character",
    "\u20dd": "around another character",
    "\u2028": "a line break",
    "\u00a0": "no plain one",
    "\u3000": "no plain one",
    "а": "a look-alike",
    "ο": "a look-alike",
    "⼈": "a look-alike",  # a radical
    "\uf9d1": "a look-alike",  # a compatibility character of 六
    "①": "a look-alike",
    "１": "a look-alike",
    "Ａ": "a look-alike",
    "𝐀": "a look-alike",
    "٩": "a look-alike",
    "の": "a look-alike",
    "ᅠ": "a look-alike",
}


@pytest.mark.parametrize("one", STRANGE)
def test_a_character_that_shows_otherwise_is_refused_by_its_number(one: str) -> None:
    with pytest.raises(TextsError, match=r"centre\.city: ") as caught:
        build(Path(), {"centre": {"sign": "江畔反诈", "city": f"江{one}畔", "city_en": "Jiangpan"}})
    assert STRANGE[one] in str(caught.value)
    assert f"U+{ord(one):04X}" in str(caught.value)


def test_what_people_write_is_no_disguise() -> None:
    assert strange("云汀市(虚构):“请停止。”—— Lüliang, Café 2026-03") is None
    assert strange("全角标点,:;!?()【】《》「」、。…·~") is None


HIDERS = st.sampled_from(
    ["", " ", "/", "*", "_", "·", "-", "|", "~", "\u200b", "\u2060", "\u00ad", "\u0301", "\ufe0f", "\u3000"]
)
DIGITS = [one for one in map(chr, range(0x110000)) if unicodedata.category(one) == "Nd"]


@given(st.sampled_from(["安全账户", "加薇信", "务必保密"]), st.lists(HIDERS, min_size=4, max_size=4))
@example("安全账户", ["\u00ad", "", "\u3000", "~"])
def test_what_is_put_between_hides_no_word(word: str, hiders: list[str]) -> None:
    told = "".join(one + hider for one, hider in zip(word, hiders, strict=False))
    assert any("swindler" in fault for fault in lint(SMS.format(f"转{told}钱"), "zh"))


@given(st.lists(st.sampled_from(DIGITS), min_size=1, max_size=5).map("".join))
def test_a_digit_of_any_script_is_a_digit(digits: str) -> None:
    assert any("digits" in fault for fault in lint(SMS.format(digits), "zh"))


@given(st.text(max_size=60))
def test_any_text_is_looked_at(text: str) -> None:
    assert all(" / " in fault for fault in lint(SMS.format(text), "zh"))
    assert undisguised(undisguised(text)) is not None
    strange(text)
