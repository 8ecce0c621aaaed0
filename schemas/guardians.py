"""Who of the contacts that an instruction names is a child's guardian."""

import re
from enum import Enum, auto

from schemas import folding
from schemas.vocabulary import Relation

_OF_A_CHILD = frozenset({Relation.GUARDIAN, Relation.PARENT, Relation.GRANDPARENT})

_NAMES_IT = re.compile("监护|監護|guardian")
_BLANK_IN_CHINESE = re.compile("(?<=[㐀-鿿]) (?=[㐀-鿿])")
_BETWEEN_CLAUSES = re.compile(r"[,、;:/|+&()\[\]{}<>。.!?·]+")
_NO_DENIAL = re.compile("未成年|未满|未滿|不满|不滿|非婚|是否|无误|無誤")  # these signs deny nothing
_CLAIM = re.compile(".*(?:监护|監護)(?:人|[权權]人?|[关關][系係]|职责|责任|义务|资格|身份)?(?:之一|证明|公证)?")
_CLAIM_IN_ENGLISH = re.compile(r"(?:.*[^\w-])?guardian(?:s|ship)?(?: of (?:the |this )?\w+)?")
# Whoever stands before the verb is the guardian, and not this contact.
_OF_SOMEBODY_ELSE = re.compile(
    "(?<!本人)(?<!此人)(?<!该人)(?<!^)(?<![现确即已均也关關])[是为為](?=.*[监監])|由.+(?=[监監])"
)
_UNSURE = re.compile("疑似|可能|自称|自稱|据称|据说|待核|待查|存疑|曾")
_DENIAL = re.compile("[不非无無没沒未否]|(?:[被前原假]|假冒)的?(?:法定)?(?:监护|監護)|受(?:监护|監護)人?$")
_DENIAL_IN_ENGLISH = re.compile(
    r"\b(?:no|not|non|never|none|without|ex|former(?:ly)?|lost|revoked?|removed|terminated|transferred|denied|\w+n't)\b"
)
_ENDED = re.compile(
    "撤[销銷]|撤回|剥夺|剝奪|转[移给由至让]|轉[移給由至讓]|变更|變更|终止|終止|丧失|喪失|失去|解除|取消|中止|放弃|放棄|失效|过期|已无"
)
_NO = frozenset({"不是", "否", "无", "無", "没有", "沒有", "不", "非", "no", "none", "n"})


class Guardianship(Enum):
    """What the basis of a contact says of it."""

    UNNAMED = auto()  # nothing
    CLAIMED = auto()
    DENIED = auto()
    UNCLEAR = auto()  # it speaks of a guardian, who may be somebody else


def as_called(relation: Relation, *, minor: bool, basis: str | None = None) -> Relation:
    """Returns as what a contact is called."""
    return Relation.GUARDIAN if minor and is_guardian_of_a_child(relation, basis) else relation


def is_guardian_of_a_child(relation: Relation, basis: str | None = None) -> bool:
    """Whether a contact is a guardian if the person is a child.

    Parents and grandparents are, unless `basis` denies it, and whoever `basis` says is one.
    """
    said = guardianship(basis)
    return said is Guardianship.CLAIMED or (relation in _OF_A_CHILD and said is not Guardianship.DENIED)


def is_for_a_person(relation: Relation, basis: str | None = None) -> bool:
    """Whether `basis` speaks of guardianship, and the contact is no guardian by it: a person is to look."""
    return guardianship(basis) is not Guardianship.UNNAMED and not is_guardian_of_a_child(relation, basis)


def guardianship(basis: str | None) -> Guardianship:
    """Only a clause that ends with the word for a guardian claims it; any sign of a denial or an end is one."""
    # Chinese is written without blanks: one within a word is none between two.
    text = _BLANK_IN_CHINESE.sub("", folding.visible(basis or "").casefold())
    if not _NAMES_IT.search(text):
        return Guardianship.UNNAMED
    clauses = [each.strip() for each in _BETWEEN_CLAUSES.split(text)]
    said = {_of_clause(each) for each in clauses if _NAMES_IT.search(each)}
    if Guardianship.DENIED in said or _ENDED.search(text) or not _NO.isdisjoint(clauses):
        return Guardianship.DENIED
    return Guardianship.CLAIMED if said == {Guardianship.CLAIMED} else Guardianship.UNCLEAR


def _of_clause(clause: str) -> Guardianship:
    word = _NO_DENIAL.sub("", folding.label(clause))
    if _DENIAL.search(word) or _DENIAL_IN_ENGLISH.search(clause):
        return Guardianship.DENIED
    if _UNSURE.search(word) or _OF_SOMEBODY_ELSE.search(word):
        return Guardianship.UNCLEAR
    claims = _CLAIM.fullmatch(word) or _CLAIM_IN_ENGLISH.fullmatch(clause)
    return Guardianship.CLAIMED if claims else Guardianship.UNCLEAR
