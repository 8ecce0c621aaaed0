"""The words that sources use become codes; a centre adds its own."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher import texts
from schemas import folding, normalise, vocabularies, word_file
from schemas.vocabularies import CHINESE, SHIPPED
from schemas.vocabulary import (
    FRAUD_TYPES,
    AddressKind,
    IdType,
    Person,
    Relation,
    Urgency,
    Vulnerability,
)
from schemas.word_file import WordFileError
from tests.unit.cases import victims

_OWN = """
[urgency]
critical = ["加急件甲"]

[relation]
parent = ["阿爸"]
other = ["闺蜜"]

[fraud_type]
F08 = ["9-1"]

[language]
ug = ["维文"]
"""


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("residence", AddressKind.RESIDENCE),
        ("Residence ", AddressKind.RESIDENCE),
        ("现住址", AddressKind.RESIDENCE),
        ("户籍地", AddressKind.REGISTERED),
        ("宾馆", AddressKind.HOTEL),
        ("银行网点", AddressKind.BRANCH),
        ("当前位置", AddressKind.CURRENT),
        ("单位", AddressKind.WORK),
        ("月球", None),
        ("", None),
    ],
)
def test_address_kinds(label: str, kind: AddressKind | None) -> None:
    assert normalise.address_kind(label) is kind


@pytest.mark.parametrize("kind", AddressKind)
def test_every_address_kind_is_known_by_code_and_by_label(kind: AddressKind) -> None:
    assert normalise.address_kind(kind.value) is normalise.address_kind(kind.zh) is kind


@pytest.mark.parametrize(
    ("label", "relation", "person"),
    [
        ("女儿", Relation.CHILD, Person.FAMILY),
        ("妻子", Relation.SPOUSE, Person.FAMILY),
        ("监护人", Relation.GUARDIAN, Person.GUARDIAN),
        ("GUARDIAN", Relation.GUARDIAN, Person.GUARDIAN),
        ("同事", Relation.EMPLOYER, Person.OTHER),
        ("社区网格员", Relation.COMMUNITY, Person.OTHER),
        ("朋友", Relation.FRIEND, Person.OTHER),
    ],
)
def test_relations_and_who_they_are(label: str, relation: Relation, person: Person) -> None:
    assert normalise.relation(label) is relation
    assert relation.person is person


def test_an_unknown_relation_is_none() -> None:
    assert normalise.relation("网友") is None


@pytest.mark.parametrize("relation", Relation)
def test_every_relation_is_known_by_code_and_by_label(relation: Relation) -> None:
    assert normalise.relation(relation.value) is normalise.relation(relation.zh) is relation


@pytest.mark.parametrize(("text", "code"), [("老年人", "elderly"), ("ELDERLY", "elderly"), ("高个子", None)])
def test_vulnerabilities(text: str, code: str | None) -> None:
    assert normalise.vulnerability(text) == code


@pytest.mark.parametrize(
    ("label", "urgency"),
    [
        *((each.value, each) for each in Urgency),
        *((each.zh, each) for each in Urgency),
        *(
            (label, Urgency.CRITICAL)
            for label in ("特急", "紧急", "加急", "一级", "红色", "Ⅰ级", "特高危", "ＣＲＩＴＩＣＡＬ", " 特 急 ")
        ),
        *((label, Urgency.HIGH) for label in ("高危", "橙色", "二级", "II级")),
        *((label, Urgency.MEDIUM) for label in ("中危", "黄色", "三级")),
        *((label, Urgency.LOW) for label in ("低危", "普", "一般", "蓝色", "四级")),
        ("一级（红色）", Urgency.CRITICAL),
        ("高/特急", Urgency.CRITICAL),
        ("特急(今晚)", Urgency.CRITICAL),
        ("低(今晚)", None),
        ("天级", None),
        ("", None),
    ],
)
def test_urgencies(label: str, urgency: Urgency | None) -> None:
    assert SHIPPED.urgency(label) is urgency


@pytest.mark.parametrize(
    ("label", "relation"),
    [
        *(
            (label, Relation.SPOUSE)
            for label in ("老公", "老婆", "爱人", "妻", "太太", "'爱人'", "爱\u200b人", "受害人的妻子")
        ),
        *((label, Relation.PARENT) for label in ("妈妈", "爸爸", "妈", "父/母", "被害人母亲", "Mother")),
        *((label, Relation.PARENT) for label in ("母親", "媽媽", "爸妈", "妈妈手机", "爸爸的电话", "父亲联系电话")),
        *((label, Relation.GRANDPARENT) for label in ("爷爷奶奶", "爺爺", "外公外婆", "奶奶手机号")),
        *((label, None) for label in ("父子", "母舅", "手机", "同事手机妈妈")),
        *((label, Relation.GRANDPARENT) for label in ("外婆", "爷爷", "姥姥", "祖父")),
        *((label, Relation.RELATIVE) for label in ("儿媳", "女婿", "岳母", "孙女", "舅舅", "家属")),
        *((label, Relation.EMPLOYER) for label in ("单位负责人", "老板", "同事", "公司领导", "财务")),
        *((label, Relation.COMMUNITY) for label in ("网格员", "居委会", "村干部")),
        *((label, Relation.GUARDIAN) for label in ("母亲（监护人）", "监护人/父亲", "法定监护人")),
        *((label, None) for label in ("本人", "父亲的同事", "丈夫/老板", "网友", "受害人", "-", "", "??")),
    ],
)
def test_everyday_words_are_relations(label: str, relation: Relation | None) -> None:
    assert SHIPPED.relation(label) is relation


def test_a_wife_is_a_wife_by_either_word() -> None:
    words = [victim["contacts"][0]["relation"] for victim in victims("f19-relations").values()]
    assert [SHIPPED.relation(word) for word in words] == [Relation.SPOUSE, Relation.SPOUSE]


@pytest.mark.parametrize(
    ("label", "found"),
    [
        ("不满十四周岁", [Vulnerability.MINOR]),
        ("未满14周岁", [Vulnerability.MINOR]),
        ("未 成 年", [Vulnerability.MINOR]),
        ("聋哑", [Vulnerability.HEARING]),
        ("听障", [Vulnerability.HEARING]),
        ("老年人、独居", [Vulnerability.ELDERLY, Vulnerability.LIVES_ALONE]),
        ("学生;高个子", [None, Vulnerability.STUDENT]),
        ("", []),
    ],
)
def test_everyday_words_are_vulnerabilities(label: str, found: list[Vulnerability | None]) -> None:
    assert SHIPPED.vulnerabilities(label) == found


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *((code, code) for code in FRAUD_TYPES),
        *((text, "F08") for text in ("Ｆ０８", " F08 ", "f08", "F8", "F-08", "F 08", "F08\u200b", "'F08", "F008")),
        *(
            (text, "F08")
            for text in (
                "冒充公检法及政府机关",
                "冒充公检法",
                "冒充公检法类诈骗",
                "F08 冒充公检法",
                "F08-冒充公检法",
                "冒充公检法(F08)",
            )
        ),
        ("刷单返利", "F01"),
        ("刷单类", "F01"),
        ("虚假购物、服务", "F03"),
        ("虚假购物", "F03"),
        ("杀猪盘", "F09"),
        ("裸聊敲诈勒索", "F12"),
        *((text, None) for text in ("F08/F09", "F77", "08", "8", "", "未知", "-", "F", "XF08X1")),
    ],
)
def test_scam_types_by_code_and_by_name(text: str, code: str | None) -> None:
    assert SHIPPED.fraud_type(text) == code


def test_scam_types_are_known_by_the_names_that_officers_read() -> None:
    called = {code: scam.label for code, scam in texts.load().types.items()}
    assert {code: SHIPPED.fraud_type(label.zh) for code, label in called.items()} == {code: code for code in called}


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        *(
            (text, CHINESE)
            for text in (
                "zh-CN",
                "zh_CN",
                "ZH",
                "cmn",
                "yue",
                "chi",
                "zh-Hans-MY",
                "中文",
                "普通话",
                "粤语",
                "ｚｈ",
                "zh_CN.UTF-8",
                "mul",
                "chn",
            )
        ),
        *((text, CHINESE) for text in ("zh_CN.UTF-8", "mul", "chn")),
        *((text, "en") for text in ("en", "en-US", "EN_gb", "English", "英语")),
        ("fr", "fr"),
        ("sw", "sw"),
        ("pl-PL", "pl-PL"),
        *((text, None) for text in ("", "无", "??", "none of these", "zh CN!", "12", "qq", "xx-YY")),
    ],
)
def test_languages(text: str, tag: str | None) -> None:
    assert SHIPPED.language(text) == tag


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *((label, IdType.RESIDENT) for label in ("居民身份证", "身份证", "二代身份证", "ID card", "resident")),
        *((label, IdType.PASSPORT) for label in ("护照", "Passport", "普通护照")),
        ("回乡证", IdType.HK_MACAU_PERMIT),
        ("台胞证", IdType.TAIWAN_PERMIT),
        ("军官证", None),
    ],
)
def test_id_types(text: str, kind: IdType | None) -> None:
    assert SHIPPED.id_type(text) is kind


def test_no_word_that_ships_stands_twice_in_its_table_or_is_a_code() -> None:
    shipped = word_file.read(Path(vocabularies.__file__).with_suffix(".toml"))
    assert list(vocabularies.faults(shipped)) == []
    counts = Counter((table, folding.label(word)) for table, _code, word in shipped.words())
    assert [each for each, count in counts.items() if count > 1] == []


def _file(folder: Path, text: str) -> Path:
    path = folder / "words.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_centre_adds_its_own_words(tmp_path: Path) -> None:
    own = vocabularies.load(_file(tmp_path, _OWN))
    assert own.urgency("加急件甲") is Urgency.CRITICAL
    assert own.relation("阿爸") is Relation.PARENT
    assert own.relation("闺蜜") is Relation.OTHER
    assert own.fraud_type("9—1") == "F08"
    assert own.language("维文") == "ug"
    assert own.relation("老公") is Relation.SPOUSE
    assert SHIPPED.relation("阿爸") is None
    assert vocabularies.load(None) is SHIPPED


@pytest.mark.parametrize(
    ("text", "key", "remedy"),
    [
        ('[relations]\nspouse = ["妻"]', "relations", "one of: urgency, relation"),
        ('[relation]\nwife = ["妻"]', "relation.wife", "one of: 'guardian'"),
        ('[fraud_type]\nF77 = ["x"]', "fraud_type.F77", "'F01'"),
        ('[country]\nUK = ["x"]', "country.UK", "GB"),
        ('[language]\n"zh CN" = ["x"]', "language.zh CN", "zh-CN"),
        ('[relation]\nspouse = "妻"', "relation.spouse", "list"),
        ("[relation]\nspouse = [1]", "relation.spouse.0", "quotes"),
        ('[relation]\nspouse = [""]', "relation.spouse.0", "leave it out"),
        ('[relation]\nspouse = ["--"]', "relation.spouse", "nothing to compare"),
        ('[relation]\nspouse = ["那口子"]\nparent = ["那 口子"]', "relation.parent", "is spouse already"),
        ('[relation]\nspouse = ["父母"]', "relation.spouse", "is parent already"),
        ('[urgency]\nlow = ["Critical"]', "urgency.low", "is critical already"),
        ("relation = 1", "relation", "table"),
        ("relation = [", "TOML", "not valid TOML"),
    ],
)
def test_a_faulty_file_is_refused_with_key_and_remedy(tmp_path: Path, text: str, key: str, remedy: str) -> None:
    with pytest.raises(WordFileError) as refused:
        vocabularies.load(_file(tmp_path, text))
    [told] = refused.value.errors
    assert key in told
    assert remedy in told


def test_every_fault_is_told(tmp_path: Path) -> None:
    with pytest.raises(WordFileError) as refused:
        vocabularies.load(_file(tmp_path, '[relation]\nwife = ["a"]\nspouse = [1, 2]\n[urgencies]'))
    assert len(refused.value.errors) == 4


def test_what_changes_nothing_or_what_ships_is_odd(tmp_path: Path) -> None:
    odd = list(vocabularies.oddities(word_file.read(_file(tmp_path, _OWN + '\n[address_kind]\nhotel = ["宾馆"]'))))
    assert [each.partition(":")[0] for each in odd] == ["relation.other", "address_kind.hotel"]


@given(st.text())
def test_folding_is_done_once_and_leaves_nothing_invisible(text: str) -> None:
    for fold in (folding.visible, folding.label, folding.digits):
        assert fold(fold(text)) == fold(text)
    assert not any(each in folding.visible(text) for each in "\u200b\u200e\u202e\ufeff\ufe0f\u2060\x00\n")
    assert folding.visible(text) == folding.visible(text).strip()


@given(st.text() | st.text("特急高F08 ()/、'zhCN-_父母监护人", max_size=12))
def test_any_text_is_a_code_or_unknown(text: str) -> None:
    assert SHIPPED.urgency(text) in (None, *Urgency)
    assert SHIPPED.relation(text) in (None, *Relation)
    assert SHIPPED.address_kind(text) in (None, *AddressKind)
    assert SHIPPED.id_type(text) in (None, *IdType)
    assert SHIPPED.fraud_type(text) in (None, *FRAUD_TYPES)
    assert all(each in (None, *Vulnerability) for each in SHIPPED.vulnerabilities(text))
    SHIPPED.language(text)
    SHIPPED.country(text)


@pytest.mark.parametrize(
    "text",
    [
        "8岁",
        "8 周岁",
        "年仅8岁",
        "十三岁",
        "八岁女孩",
        "13岁、小学生",
        "三年级学生",
        "小学六年级",
        "8 years old",
        "十岁",
        *("未满12周岁", "不满十二周岁", "13岁以下", "儿童8岁", "男8岁", "女8岁", "两岁", "8歲", "13岁半", "8yo"),
        *("aged 8", "年龄:8", "年龄：8岁", "8-year-old", "8 years-old", "6个月大", "under 12", "十二周岁以下", "八歲"),
        *("小学三年级学生", "三年級學生"),
        *(
            "8岁3个月",
            "8岁零3个月",
            "八岁十一个月",
            "8岁 3个月大",
            "8歲3個月",
            "13岁11个月",
            "8 years 3 months",
            "8岁大",
        ),
        *("8岁小女孩", "六岁的小男孩", "婴儿", "女婴", "3个月婴儿", "新生儿", "infant", "Toddler"),
        *("Grade 3", "grade-6", "GRADE 3 pupil", "3rd grade", "third-grader", "Year 5"),
    ],
)
def test_an_age_or_a_class_that_a_child_has_makes_a_child(text: str) -> None:
    assert SHIPPED.vulnerabilities(text) == [Vulnerability.MINOR]


OF_NO_CHILD = (
    *(
        "14岁",
        "14岁以上",
        "四十岁",
        "三十八岁",
        "68岁",
        "八年级",
        "岁",
        "高三年级",
        "8",
        "13岁以上",
        "68岁以下",
        "aged 68",
    ),
    *(
        "大学生(四年级)",
        "高中生、三年级",
        "教师 三年级",
        "初中 一年级",
        "中专二年级 三年级",
        "四十五岁 三年级",
        "108岁",
    ),
    *(
        "18岁3个月",
        "14岁3个月",
        "68岁3个月",
        "Grade 7",
        "Grade 10",
        "7th grade",
        "teacher, Grade 3",
        "婴儿的母亲",
        "grade",
    ),
    *("high school, Grade 3", "18岁 Grade 3", "月嫂"),
    *("小学教师 三年级", "8岁孩子的母亲", "养老院"),
)


@pytest.mark.parametrize("text", OF_NO_CHILD)
def test_another_age_makes_none(text: str) -> None:
    assert Vulnerability.MINOR not in SHIPPED.vulnerabilities(text)


def test_beside_a_childs_age_the_other_words_count_too() -> None:
    assert SHIPPED.vulnerabilities("8岁 聋哑") == [Vulnerability.HEARING, Vulnerability.MINOR]
    assert set(SHIPPED.vulnerabilities("8岁 某某")) == {Vulnerability.MINOR, None}
