"""Phone numbers as sources write them become what is dialled, or a refusal with its reason."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.phone_numbers import number
from tests.unit.cases import victims


@pytest.mark.parametrize(
    ("text", "country", "e164", "flags"),
    [
        ("13800138000", "CN", "+8613800138000", ()),
        ("15400000001", "CN", "+8615400000001", ("number_invalid",)),
        ("138 0013 8000", "CN", "+8613800138000", ()),
        ("138-0013-8000", "CN", "+8613800138000", ()),
        ("138–0013—8000", "CN", "+8613800138000", ()),
        (" (138)0013.8000 ", "CN", "+8613800138000", ()),
        ("１３８００１３８０００", "CN", "+8613800138000", ()),
        ("＋８６ 138 0013 8000", "CN", "+8613800138000", ()),
        ("+8613800138000", "CN", "+8613800138000", ()),
        ("008613800138000", "CN", "+8613800138000", ()),
        ("010-12345678", "cn", "+861012345678", ()),
        ("+44 7700 900123", "CN", "+447700900123", ("number_invalid",)),
        ("0044 7700 900123", "CN", "+447700900123", ("number_invalid",)),
        ("07911 123456", "GB", "+447911123456", ()),
        ("+1 (202) 555-0123", "CN", "+12025550123", ()),
        ("99912345678901234567", "CN", "99912345678901234567", ("number_unparsed",)),
    ],
)
def test_numbers_become_e164_and_are_never_cut(text: str, country: str, e164: str, flags: tuple[str, ...]) -> None:
    found = number(text, country)
    assert (found.e164, found.flags) == (e164, flags)


def test_a_number_has_its_country() -> None:
    assert number("+447911123456").country == "GB"
    assert number("99912345678901234567").country is None


@pytest.mark.parametrize(
    "text", ["", "  ", "-", "+", "12", "无", "1380013800O", "138转8", "+86+138", "sip:110", "1" * 21]
)
def test_what_cannot_be_dialled_is_an_error_without_the_value(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not diallable$"):
        number(text)


@pytest.mark.parametrize("text", ["12345678901234567890", "447700900123", "85212345678"])
def test_a_number_that_the_library_doubts_keeps_all_its_digits(text: str) -> None:
    assert number(text).flags
    assert number(text).e164.endswith(text)


@pytest.mark.parametrize(
    "text",
    [
        *("110", "119", "120", "122", "12110", "96110", "12345", "10086", "95588", "1008611", "12110575", "114"),
        *("+86110", "86 110", "0086-110", "0110", "0575-110", "0575-96110", "010-12345", "+86 96110", "报警:110"),
        *("１１０", "110 ", "(110)", "tel:110", "一一〇", "106575000000"),
    ],
)
def test_a_services_number_is_never_dialled(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not diallable"):
        number(text)


@pytest.mark.parametrize(
    ("text", "country"), [("999", "GB"), ("+44 999", "CN"), ("911", "US"), ("112", "DE"), ("110", "ZZ")]
)
def test_nor_is_an_emergency_number_abroad(text: str, country: str) -> None:
    with pytest.raises(ValueError, match=r"^not diallable: a service's number$"):
        number(text, country)


@pytest.mark.parametrize(
    ("text", "e164"),
    [
        *(
            (text, "+8615400000104")
            for text in (
                *("张三15400000104", "15400000104微信同号", "本人 15400000104", "联系方式：15400000104"),
                *("备用机1:15400000104", "备用1 15400000104", "[15400000104]", "【15400000104】", "本人154-0000-0104"),
                *(
                    "张三：+86 154 0000 0104(本人)",
                    "15400000104 妻子",
                    "母亲15400000104（3号楼）",
                    "微信同号8615400000104",
                ),
            )
        ),
        ("家庭电话：0575-88123456", "+8657588123456"),
        ("家庭电话：88123456", "+8688123456"),
        ("单位0575-88123456转801办公室", "+8657588123456"),
        ("张三+44 7911 123456", "+447911123456"),
    ],
)
def test_a_number_amid_words_is_read_and_flagged(text: str, e164: str) -> None:
    found = number(text)
    assert found.e164 == e164
    assert "number_remark" in found.flags


@pytest.mark.parametrize(
    "text",
    [
        *(
            "154本人00000104",
            "张三154 妻子0000 0104",
            "15400000104本人15400000105",
            "骗子15400000104",
            "詐騙電話:15400000104",
            "嫌犯15400000104",
            "冒充客服15400000104",
            "涉案号码15400000104",
            "来电号码:15400000104",
            "收款人15400000104",
            "已故父亲15400000104",
            "别拨15400000104",
            "0575张88123456",
        ),
        *("15400000104已停用", "非本人15400000104", "勿打15400000104", "3154000001045张", "12 15400000104张"),
        *("张三154000001", "张三", "本人手机", "张三1540000010", "张三154000001041"),
    ],
)
def test_no_number_is_put_together_from_remarks_or_against_them(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not diallable"):
        number(text)


@pytest.mark.parametrize("text", ["①15400000104", "⒈ 15400000104", "⑴张三15400000104", "❶手机15400000104"])
def test_a_mark_of_a_list_is_no_digit_of_a_number(text: str) -> None:
    assert number(text).e164 == "+8615400000104"


_WORDS = st.text("张三本人妻子手机号码楼 :,()12345", max_size=6)


@given(_WORDS, st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), _WORDS)
def test_amid_any_words_a_number_is_itself_or_is_refused(before: str, digits: str, after: str) -> None:
    try:
        found = number(f"{before}张{digits}妻{after}")
    except ValueError:
        return
    assert found.e164 == f"+86{digits}"


@given(
    st.from_regex(r"(\+|00)?[1-9][0-9]{2,18}", fullmatch=True) | st.text("0123456789+-() ０１", max_size=24),
    st.sampled_from(["CN", "GB", "US", "IT", "ZZ"]),
)
def test_a_number_stays_as_it_is_once_normalised(text: str, country: str) -> None:
    try:
        once = number(text, country)
    except ValueError:
        return
    assert number(once.e164, country).e164 == once.e164


@pytest.mark.parametrize(
    "text",
    [
        "14911000601",
        "8614911000601",
        "86 149 1100 0601",
        "86-14911000601",
        "+8614911000601",
        "+86 014911000601",
        "+86(0)14911000601",
        "008614911000601",
        "0086 014911000601",
        "+0086 14911000601",
        "014911000601",
        "1795114911000601",
        "17951 8614911000601",
        "12593-14911000601",
        "19314911000601",
        "149-1100-0601",
        "149.1100.0601",
        "(149)1100 0601",
        "14911000601.0",
        "14911000601.00",
        "+8614911000601.0",
        "'14911000601",
        "＇14911000601",
        '"14911000601"',
        "１４９１１０００６０１",
        "149\u200b11000601",
        "\u202a+86\u202c 149\u00a01100\u20090601",
        "\ufeff14911000601\ufe0f",
        "14911000601\u00ad",
        "149\u20111100\u22120601",
        "١٤٩١١٠٠٠٦٠١",
        "14911000601(本人)",
        "14911000601;",
        "14911000601\n",
    ],
)
def test_one_phone_in_many_spellings(text: str) -> None:
    found = number(text)
    assert (found.e164, found.country, found.flags) == ("+8614911000601", "CN", ("number_invalid",))


@pytest.mark.parametrize(
    "text",
    [
        "tel:+86-154-0000-0104",
        "Tel. 15400000104",
        "TEL:15400000104",
        "手机:15400000104",
        "联系电话：15400000104",
        "手机号码 15400000104",
        "手机1 15400000104",
        "手机1:15400000104",
        "一五四〇〇〇〇〇一〇四",
        "幺五四零零零零零幺零四",
        "壹伍肆零 零零零零 壹零肆",
        "١٥٤٠٠٠٠٠١٠٤",
        "१५४०००००१०४",
        "①⑤④⓪⓪⓪⓪⓪①⓪④",
    ],
)
def test_a_number_under_a_label_or_in_another_script(text: str) -> None:
    assert number(text).e164 == "+8615400000104"


@pytest.mark.parametrize("text", ["tel:", "手机", "一五四", "tel:十五", "一百五十四万零一百零四", "telx15400000104"])
def test_a_label_alone_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="not diallable"):
        number(text)


def test_a_number_as_json_has_it() -> None:
    assert number(14911000601) == number("14911000601")
    assert number(str(14911000601.0)) == number("14911000601")


@pytest.mark.parametrize(
    ("text", "e164"),
    [
        ("0575-8812345-6", "+865758812345"),
        ("0575－8812345－6", "+865758812345"),
        ("0575 8812345 6", "+865758812345"),
        ("0575-8812345/6", "+865758812345"),
        ("0396-1234567-8", "+863961234567"),
        ("15400000112-9100", "+8615400000112"),
        ("154-0000-0112-9100", "+8615400000112"),
        ("0571-88880000-801", "+8657188880000"),
        ("(0571)88880000-801", "+8657188880000"),
        ("571-88880000-801", "+8657188880000"),
        ("+86 571 88880000 801", "+8657188880000"),
        ("86-571-88880000-801", "+8657188880000"),
        ("62345678-801", "+8662345678"),
        ("6234 5678-801", "+8662345678"),
        ("+86 62345678-801", "+8662345678"),
        ("+86 6234567-8801", "+866234567"),
        ("+86 6234-5678-801", "+8662345678"),
        ("+86 88123456-12-3", "+8688123456"),
        ("86-62345678-801", "+8662345678"),
        ("0086 62345678 转 801", "+8662345678"),
        ("0571-88880000转801", "+8657188880000"),
        ("0571-88880000 转 801 转 2", "+8657188880000"),
        ("0571-88880000（转801）", "+8657188880000"),
        ("0571-88880000分机801", "+8657188880000"),
        ("0571-88880000分机号:801", "+8657188880000"),
        ("0571-88880000内线801", "+8657188880000"),
        ("0571-88880000 ext 801", "+8657188880000"),
        ("0571-88880000 Ext.801", "+8657188880000"),
        ("0571-88880000 extension 801", "+8657188880000"),
        ("0571-88880000;ext=801", "+8657188880000"),
        ("0571-88880000x801", "+8657188880000"),
        ("0571-88880000#801", "+8657188880000"),
        ("0571-88880000＃801", "+8657188880000"),
        ("0571-88880000,801", "+8657188880000"),
        ("15400000104.5", "+8615400000104"),
        ("+852 2123 4567-801", "+85221234567"),
        ("+1 202-555-0123 x45", "+12025550123"),
        ("+1 202-555-0123-45", "+12025550123"),
    ],
)
def test_an_extension_is_flagged_and_never_run_together_with_its_number(text: str, e164: str) -> None:
    found = number(text)
    assert found.e164 == e164
    assert "number_extension" in found.flags


@pytest.mark.parametrize(
    ("text", "e164"),
    [
        ("0575-88123456", "+8657588123456"),
        ("0575-8812-3456", "+8657588123456"),
        ("010 8888 1234", "+861088881234"),
        ("+86(0)571-88880000", "+8657188880000"),
        ("86 571 88880000", "+8657188880000"),
        ("+86 623 45678801", "+8662345678801"),
        ("+86 623 4567 8801", "+8662345678801"),
        ("86 13800 138000", "+8613800138000"),
        ("17951 0571 88880000", "+8657188880000"),
        ("400-810-9999", "+864008109999"),
        ("800 810 9999", "+868008109999"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("+39 (0)6 69812345", "+390669812345"),
        ("+49 30 123456-78", "+493012345678"),
        ("+7 495 123 45 67", "+74951234567"),
        ("+852 2123 4567", "+85221234567"),
    ],
)
def test_a_known_grouping_is_no_extension(text: str, e164: str) -> None:
    found = number(text)
    assert found.e164 == e164
    assert "number_extension" not in found.flags


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1.54E+10", "digits lost by a spreadsheet"),
        ("1.54e10", "digits lost by a spreadsheet"),
        ("8.61541E+12", "digits lost by a spreadsheet"),
        ("15400000303/15400000304", "more than one number"),
        ("15400000303 15400000304", "more than one number"),
        ("15400000303-15400000304", "more than one number"),
    ],
)
def test_a_refusal_says_why(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"^not diallable: {why}$"):
        number(text)


@pytest.mark.parametrize(
    "text", ["154****0104", "#31#15400000104", "154000001O4", "暂无", "15400000104?", "²", "+1+2+3"]
)
def test_what_is_no_digit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not diallable"):
        number(text)


@pytest.mark.parametrize(
    "country", ["GB", "gb", " Gb ", "UK", "uk", "ＵＫ", "英国", "United Kingdom", "GBR", "44", "+44", "0044"]
)
def test_a_country_by_its_everyday_names(country: str) -> None:
    found = number("07911 123456", country)
    assert (found.e164, found.country, found.flags) == ("+447911123456", "GB", ())


@pytest.mark.parametrize("country", ["CN", "中国", "china", "CHN", "86", "+86", "", " ", None, "中国大陆"])
def test_no_country_is_home(country: str | None) -> None:
    assert number("14911000601", country).e164 == "+8614911000601"


@pytest.mark.parametrize("country", ["ZZ", "火星", "XK2", "??", "999", "无"])
def test_an_unknown_country_is_flagged_and_gives_no_other_digits(country: str) -> None:
    found = number("07911 123456", country)
    assert (found.e164, found.country, found.flags) == ("07911123456", None, ("country_unknown",))
    assert number("+44 7911 123456", country) == number("+447911123456")


@pytest.mark.parametrize(
    ("text", "country", "e164"),
    [
        ("07700 900123", "GB", "+447700900123"),
        ("447700900123", "GB", "+447700900123"),
        ("+44 07700 900123", "CN", "+447700900123"),
        ("1-540-000-0104", "US", "+15400000104"),
        ("011 44 7911 123456", "US", "+447911123456"),
        ("06 69812345", "IT", "+390669812345"),
    ],
)
def test_prefixes_go_whether_or_not_the_library_likes_the_number(text: str, country: str, e164: str) -> None:
    assert number(text, country).e164 == e164


@pytest.mark.parametrize(
    ("case", "instruction", "e164", "flag"),
    [
        ("f02a-float-text", "F02A", "+8615400000104", None),
        ("f02b-extension-by-dash", "F02B-1", "+865758812345", "number_extension"),
        ("f02b-extension-by-dash", "F02B-2", "+863961234567", "number_extension"),
        ("f02b-extension-by-dash", "F02B-3", "+8615400000112", "number_extension"),
        ("f05a-invisible-in-number", "F05A-1", "+8615400000401", None),
        ("f05a-invisible-in-number", "F05A-2", "+8615400000402", None),
        ("f05a-invisible-in-number", "F05A-3", "+8615400000403", None),
        ("f09-86-without-plus", "F09-1", "+8614911000601", None),
        ("f09-86-without-plus", "F09-2", "+8614911000601", None),
        ("f09-86-without-plus", "F09-3", "+8614911000601", None),
    ],
)
def test_numbers_that_sources_sent(case: str, instruction: str, e164: str, flag: str | None) -> None:
    found = number(victims(case)[instruction]["phones"][0]["number"])
    assert found.e164 == e164
    assert flag is None or flag in found.flags


def test_a_contacts_number_that_a_source_sent() -> None:
    assert number(victims("f05a-invisible-in-number")["F05A-4"]["contacts"][0]["phone"]).e164 == "+8615400000405"


@given(
    st.text()
    | st.text("0123456789+-() .,/x#转e\u200b'０", max_size=30)
    | st.from_regex(r"[+0]?[0-9]{3,22}", fullmatch=True),
    st.none() | st.text() | st.sampled_from(["CN", "GB", "US", "IT", "RU", "BR", "英国", "ZZ"]),
)
def test_any_text_is_e164_or_has_no_country_or_is_refused(text: str, country: str | None) -> None:
    try:
        found = number(text, country)
    except ValueError:
        return
    is_e164 = re.fullmatch(r"\+[1-9][0-9]{3,14}", found.e164)
    assert is_e164 if found.country else found.flags
    assert re.fullmatch(r"\+?[0-9]+", found.e164)
    assert number(found.e164, country).e164 == found.e164


@given(st.from_regex(r"\+[1-9][0-9]{7,14}", fullmatch=True))
def test_a_number_abroad_is_never_cut_but_for_what_is_dialled_before_it(text: str) -> None:
    try:
        found = number(text).e164
    except ValueError:
        return
    assert text.endswith(found[4:])


def test_a_long_text_of_marks_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match=r"^not diallable"):
        number("15400000001" + "x " * 2000 + "!")
