"""Tells a case's journal in plain words: each decision, why it was made, on what, under which policy."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from dispatcher import texts
from dispatcher.policy import Policy
from dispatcher.policy.content import content, digest
from dispatcher.texts.reasons import Reasons
from dispatcher.texts.tables import Wording
from schemas import vocabulary as v
from schemas.errors import bilingual
from schemas.read_models.case import JournalEntry

LANGUAGES = ("zh", "en")
Content = Mapping[str, Any]  # of a policy, key by key
NOTHING_KEPT: Mapping[str, Content] = {}
_CODES: dict[str, tuple[type[v.Code], ...]] = {
    "channel": (v.Channel,),
    "channels": (v.Channel,),
    "person": (v.Person,),
    "hook": (v.BankRequest,),
    "held_by": (v.Hold,),
    "result": (v.Result,),
    "reason": (v.SkipReason, v.ReturnReason),
    "before": (v.Urgency, v.Rung, v.Result, v.Resolution),
    "after": (v.Urgency,),
    "urgency": (v.Urgency,),
    "state": (v.AttemptState, v.VisitState),
    "detail": (v.Ending,),
    "relation": (v.Relation,),
    "address": (v.AddressKind,),
    "resolution": (v.Resolution,),
    "outcome": (v.Resolution, v.FollowUp),
    "kind": (v.WorkItemKind, v.LinkKind, v.AddressKind),
    "who": (v.Rung,),
    "for": (v.Rung,),
    "to": (v.Rung,),
}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


@dataclass(frozen=True)
class Explanation:
    """One decision in words. `inputs`: the entry's facts, and the policy's numbers that the rule looks at."""

    seq: int
    at: str
    rule: str
    why: str
    inputs: dict[str, Any]
    policy: str


def policies_of(journal: Iterable[JournalEntry]) -> set[str]:
    """The digests of the policies that these decisions were made under."""
    return {entry.data["policy_digest"] for entry in journal if "policy_digest" in entry.data}


def explain(
    journal: Iterable[JournalEntry],
    policy: Policy,
    reasons: Reasons,
    language: str | None = None,
    kept: Mapping[str, Content] = NOTHING_KEPT,
) -> Iterator[Explanation]:
    """One explanation for each entry that carries a decision; in both languages unless one is named.

    The numbers are those of the policy that the decision was made under: of the contents that are kept by digest, or
    of `policy`. From before there were digests, they are told only where the version is that of `policy`.
    """
    known = {digest(policy): content(policy), **kept}
    version, of, urgency = "", None, ""
    for entry in journal:
        data, rule = entry.data, entry.rule
        version, of = (data["policy"], data.get("policy_digest")) if "policy" in data else (version, of)
        if rule is not None:
            rules = (rule, *data.get("held_by", ()))
            was_ours = of is None and version == policy.version
            said = known[digest(policy)] if was_ours else known.get(of or "", {})
            numbers = _numbers(said, reasons, rules, urgency)
            facts = {key: value for key, value in data.items() if not _is_absent(value)}
            why = _why(entry, Words(policy, reasons), language)
            yield Explanation(entry.seq, entry.at.isoformat(), rule, why, facts | numbers, version)
        urgency = _urgency_after(entry.event, data, urgency)


def _urgency_after(event: str, data: Mapping[str, Any], before: str) -> str:
    match event:
        case "case_opened":
            return str(data.get("urgency", before))
        case "urgency_raised":
            return str(data.get("after", before))
    return before


def _numbers(known: Content, reasons: Reasons, rules: Iterable[str], urgency: str) -> dict[str, Any]:
    """The policy's numbers that these rules look at: those of the case's urgency, else the common ones."""
    wanted = [name for found in map(reasons.rule, rules) if found for name in found[0].numbers]
    keys = (next((key for key in (f"urgency.{urgency}.{name}", name) if key in known), None) for name in wanted)
    return {key: known[key] for key in keys if key is not None}


@cache
def _scam_names() -> dict[str, Wording[str]]:
    return {code: scam.label for code, scam in texts.load().types.items()}


@dataclass(frozen=True)
class Words:
    """Values as people read them."""

    policy: Policy
    reasons: Reasons

    def of(self, key: str, value: Any, language: str) -> str:
        if isinstance(value, list):
            return ", ".join(self.of(key, each, language) for each in value)
        if isinstance(value, dict):
            return ", ".join(f"{each} {self.of(each, told, language)}" for each, told in value.items())
        if value is True:
            return self.reasons.sentence.yes.pick(language == "zh")
        if isinstance(value, str):
            return self._of_text(key, value, language)
        return str(value + 1 if key == "rung" else value)  # people count from one

    def actor(self, name: str, language: str) -> str:
        """Who acted: a badge as it is, else what it is called."""
        known = self.reasons.actors.get(name)
        return name if known is None else known.pick(language == "zh")

    def _of_text(self, key: str, text: str, language: str) -> str:
        if key == "flags":
            return self.reasons.flag(text, language)
        code = next((kind(text) for kind in _CODES.get(key, ()) if text in set(kind)), None)
        if code is not None:
            return str(getattr(code, language))
        if key == "fraud_type" and text in _scam_names():
            return f"{text} {_scam_names()[text].pick(language == 'zh')}"
        label = self.reasons.labels.get(text)
        return self.time(text) if label is None else label.pick(language == "zh")

    def time(self, text: str) -> str:
        """A moment in the policy's zone; any other text as it is."""
        try:
            at = datetime.fromisoformat(text) if _TIME.match(text) else None
        except ValueError:
            at = None
        return text if at is None else f"{at.astimezone(self.policy.timezone):%Y-%m-%d %H:%M:%S}"


def _why(entry: JournalEntry, words: Words, language: str | None) -> str:
    told = [_sentence(entry, words, each) for each in LANGUAGES if language in (each, None)]
    return told[0] if len(told) == 1 else bilingual(*told)


def sentence(entry: JournalEntry, words: Words, language: str) -> str:
    """What happened, in words; the event's name where nobody has worded it."""
    facts = {key: value for key, value in entry.data.items() if not _is_absent(value)}
    shown = {key: words.of(key, value, language) for key, value in facts.items()}
    event = words.reasons.event(entry.event, shown)
    return event.pick(language == "zh").format(**shown) if event else entry.event


def _sentence(entry: JournalEntry, words: Words, language: str) -> str:
    is_chinese, reasons = language == "zh", words.reasons
    found, what = reasons.rule(entry.rule or ""), sentence(entry, words, language)
    told = reasons.sentence.told.pick(is_chinese)
    if found is None:
        return told.format(what=what, reason=entry.rule)
    part = words.of("result", found[1].upper(), language)
    held = [reasons.rules[each].pick(is_chinese) for each in entry.data.get("held_by", ())]
    reason = reasons.sentence.and_also.pick(is_chinese).join([found[0].pick(is_chinese).format(part=part), *held])
    return told.format(what=what, reason=reason)


def _is_absent(value: Any) -> bool:
    """Nothing was said. A rung of 0 and a sum of 0 were."""
    return value is None or value is False or value in ("", [])
