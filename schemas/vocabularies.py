"""What sources call things: their words for urgency, relation, scam type and so on, as codes.

The words that ship stand in `vocabularies.toml`; a centre adds its own by a file of the same form. Words are compared
as `folding.label` has them. A label of several words, "母亲(监护人)" or "F08 冒充公检法", is read word by word.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import phonenumbers

from schemas import ages, folding, word_file
from schemas.errors import bilingual
from schemas.simplified import simplified
from schemas.vocabulary import FRAUD_TYPES, AddressKind, Code, IdType, Relation, Urgency, Vulnerability
from schemas.word_file import WordFile, WordFileError

CHINESE = "zh-CN"

_LONGEST_CALLING_CODE = 3
_LONGEST_JOINED = 10

_CODES: Mapping[str, type[Code]] = {
    "urgency": Urgency,
    "relation": Relation,
    "vulnerability": Vulnerability,
    "address_kind": AddressKind,
    "id_type": IdType,
}
_BETWEEN_WORDS = re.compile(r"[\s,、;:/|+&()\[\]{}<>。.!\-‐-―]+")
_OF_WHOM = re.compile("^(?:受害人|被害人|当事人|事主|机主|本人|其)(?:的|之)?(?=.)")
_PHONE_SUFFIX = re.compile("(?<=.)的?(?:(?:联系|手机|移动)?(?:电话|手机|座机|号码|方式|号))+$")
_SCAM_SUFFIX = re.compile("(?<=.)(?:类型|类|型)?(?:诈骗|骗局|案件|案)?$")
_FRAUD_CODE = re.compile(r"(?<![a-z0-9])f0*([0-9]{1,2})(?![0-9])")
_LANGUAGE_TAG = re.compile(r"(?P<primary>[A-Za-z]{2,3})(?:-[A-Za-z0-9]{1,8})*")
_TWO_LETTERS = (  # of ISO 639-1
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee "
    "el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is "
    "it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms "
    "mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk "
    "sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi "
    "yo za zu"
)
_ISO_639_1 = frozenset(_TWO_LETTERS.split())


@dataclass(frozen=True)
class Vocabulary:
    """The codes by folded word, for each table of a word file."""

    tables: Mapping[str, Mapping[str, str]]

    def extended(self, added: WordFile) -> "Vocabulary":
        """With a centre's words, which win over those that ship."""
        tables = {table: dict(words) for table, words in self.tables.items()}
        for table, code, word in added.words():
            tables[table][_folded(table, word)] = code
        return Vocabulary(tables)

    def knows(self, table: str, text: str) -> bool:
        """Whether this very label is listed, and not only a word of it."""
        return _folded(table, text) in self.tables[table]

    def urgency(self, text: str) -> Urgency | None:
        """The highest that the label names; None if a word of it is unknown, unless another says critical."""
        found = self._codes("urgency", text)
        if Urgency.CRITICAL in found:
            return Urgency.CRITICAL
        known = [Urgency(code) for code in found if code]
        return min(known, key=lambda each: each.rank) if known and None not in found else None

    def relation(self, text: str) -> Relation | None:
        """None where it is unknown, or could be two; a guardian who is something else too is a guardian."""
        found = self._codes("relation", text)
        if Relation.GUARDIAN in found and None not in found:
            return Relation.GUARDIAN
        code = _only(found)
        return Relation(code) if code else None

    def vulnerabilities(self, text: str, *, may_be_pupil: bool = True) -> list[Vulnerability | None]:
        """One for each word of the label; None stands for a word that is unknown.

        A class of primary school makes a minor, unless the person is known to be past it.
        """
        found = self._codes("vulnerability", text)
        if None in found:
            words = self.vulnerability_words(text)
            whole = _folded("vulnerability", text)
            is_pupil = may_be_pupil and not ages.is_past_primary_school(words)
            words = [whole] if ages.is_a_childs(whole) or ages.is_class(whole) else words
            children = {word for word in words if ages.is_a_childs(word) or (is_pupil and ages.is_class(word))}
            is_known = all(
                word in self.tables["vulnerability"] or word in children or ages.is_class(word) for word in words
            )
            found = {self.tables["vulnerability"].get(word) for word in words} - {None}
            found |= ({Vulnerability.MINOR} if children else set()) | (set() if is_known else {None})
        return [Vulnerability(code) if code else None for code in sorted(found, key=str)]

    @staticmethod
    def vulnerability_words(text: str) -> list[str]:
        """The words of a label, as they are compared."""
        parts = (_folded("vulnerability", part) for part in _BETWEEN_WORDS.split(folding.visible(text)))
        return [part for part in parts if part]

    def address_kind(self, text: str) -> AddressKind | None:
        code = _only(self._codes("address_kind", text))
        return AddressKind(code) if code else None

    def id_type(self, text: str) -> IdType | None:
        code = _only(self._codes("id_type", text))
        return IdType(code) if code else None

    def fraud_type(self, text: str) -> str | None:
        """A code counts, whatever words stand beside it."""
        if word := self.tables["fraud_type"].get(_folded("fraud_type", text)):
            return word
        if codes := {f"F{int(number):02d}" for number in _FRAUD_CODE.findall(folding.label(text))}:
            return codes.pop() if len(codes) == 1 and codes <= set(FRAUD_TYPES) else None
        return _only(self._codes("fraud_type", text))

    def language(self, text: str) -> str | None:
        """A language tag: of a listed language, else the tag itself; None where the text names no language."""
        tag = folding.visible(text).replace("_", "-").partition(".")[0].replace(" ", "")
        words = self.tables["language"]
        if listed := words.get(_folded("language", text)) or words.get(folding.label(tag.partition("-")[0])):
            return listed
        found = _LANGUAGE_TAG.fullmatch(tag)
        is_known = found and (len(found["primary"]) == 3 or found["primary"].lower() in _ISO_639_1)
        return tag if is_known else None

    def country(self, text: str) -> str | None:
        """A region, by its code, its calling code or its name."""
        code = folding.label(text).lstrip("+0")
        if code.upper() in phonenumbers.SUPPORTED_REGIONS:
            return code.upper()
        if code.isdecimal():
            region = phonenumbers.region_code_for_country_code(int(code[: _LONGEST_CALLING_CODE + 1]))
            return region if region in phonenumbers.SUPPORTED_REGIONS else None
        return _only(self._codes("country", text))

    def _codes(self, table: str, text: str) -> set[str | None]:
        """The code of the whole label, or that of each of its words; None among them for an unknown word."""
        words = self.tables[table]
        if whole := words.get(_folded(table, text)):
            return {whole}
        parts = (_folded(table, part) for part in _BETWEEN_WORDS.split(folding.visible(text)))
        return {words.get(part) or _of_two(words, part) for part in parts if part}


def _of_two(words: Mapping[str, str], joined: str) -> str | None:
    """The code of two words that are run together and mean the same: 爸妈, 爷爷奶奶."""
    if len(joined) > _LONGEST_JOINED:
        return None
    halves = ((joined[:at], joined[at:]) for at in range(1, len(joined)))
    return next((words[one] for one, other in halves if one != other and words.get(one, "") == words.get(other)), None)


def _only(codes: set[str | None]) -> str | None:
    return next(iter(codes)) if len(codes) == 1 else None


def _folded(table: str, text: str) -> str:
    word = simplified(folding.label(text))
    if table == "relation":
        return _PHONE_SUFFIX.sub("", _OF_WHOM.sub("", word))
    return _SCAM_SUFFIX.sub("", word) if table == "fraud_type" else word


def _built_in() -> Mapping[str, Mapping[str, str]]:
    """Codes and their labels, which no file can give to another code."""
    labels = {
        table: {_folded(table, word): str(each) for each in codes for word in (each.value, each.zh, each.en)}
        for table, codes in _CODES.items()
    }
    fraud_types = {_folded("fraud_type", code): code for code in FRAUD_TYPES}
    return {**labels, "fraud_type": fraud_types, "language": {folding.label(CHINESE): CHINESE}, "country": {}}


_BUILT_IN = _built_in()
SHIPPED = Vocabulary(_BUILT_IN).extended(word_file.read(Path(__file__).with_suffix(".toml")))


def load(path: Path | None) -> Vocabulary:
    """The words that ship, with those of a centre's file. Raises WordFileError."""
    if path is None:
        return SHIPPED
    added = word_file.read(path)
    if errors := list(faults(added)):
        raise WordFileError(path, errors)
    return SHIPPED.extended(added)


def oddities(added: WordFile) -> Iterator[str]:
    """What a usable file says that changes nothing, or changes what ships."""
    for table, code, word in added.words():
        shipped = SHIPPED.tables[table].get(_folded(table, word))
        if shipped == code:
            zh, en = f"“{word}”已内置,可删去", f'"{word}" ships already; leave it out'
            yield f"{table}.{code}: {bilingual(zh, en)}"
        elif shipped:
            zh, en = f"“{word}”内置为 {shipped},现改为 {code}", f'"{word}" ships as {shipped}; here it becomes {code}'
            yield f"{table}.{code}: {bilingual(zh, en)}"


def faults(added: WordFile) -> Iterator[str]:
    """Words that say nothing, or two things."""
    owners: dict[tuple[str, str], str] = {}
    for table, code, word in added.words():
        folded = _folded(table, word)
        owner = _BUILT_IN[table].get(folded) or owners.setdefault((table, folded), code)
        if not folded:
            zh, en = f"“{word}”没有可比较的字,请删去", f'"{word}" has nothing to compare; leave it out'
            yield f"{table}.{code}: {bilingual(zh, en)}"
        elif owner != code:
            zh, en = f"“{word}”已属于 {owner},请删去其一", f'"{word}" is {owner} already; leave one of them out'
            yield f"{table}.{code}: {bilingual(zh, en)}"
