"""What the command line says to a refusal: the words for everybody, and what to type instead."""

from collections.abc import Mapping
from typing import NamedTuple

from dispatcher.errors import Refused
from dispatcher.texts import refusals
from schemas.errors import bilingual
from schemas.refusals import RefusalCode


class Remedy(NamedTuple):
    zh: str
    en: str


def _see(command: str) -> Remedy:
    return Remedy(f"见 `{command}`", f"see `{command}`")


REMEDIES: Mapping[RefusalCode, Remedy] = {
    RefusalCode.NO_VISIT: _see("dispatcher visit list"),
    RefusalCode.NO_WORK_ITEM: _see("dispatcher worklist"),
    RefusalCode.NO_PROVIDER: _see("dispatcher providers"),
    RefusalCode.NO_UNIT: _see("dispatcher roster show"),
    RefusalCode.NO_CLIENT: _see("dispatcher client list"),
    RefusalCode.CLIENT_EXISTS: Remedy(
        "新密钥用 dispatcher client rotate", "`dispatcher client rotate` gives it a new key"
    ),
    RefusalCode.NO_WEBHOOK: _see("dispatcher webhook list"),
    RefusalCode.WEBHOOK_EXISTS: Remedy(
        "新密钥用 dispatcher webhook rotate", "`dispatcher webhook rotate` gives it a new secret"
    ),
    RefusalCode.WEBHOOK_ADDRESS_REFUSED: Remedy(
        "允许的主机与网段见 DISPATCHER_WEBHOOK_ALLOWED", "DISPATCHER_WEBHOOK_ALLOWED names what is allowed"
    ),
    RefusalCode.NO_OFFICER: _see("dispatcher roster show"),
    RefusalCode.OFFICER_LEFT: _see("dispatcher roster show"),
    RefusalCode.ROSTER_EMPTIES_RUNGS: Remedy(
        "先用 --dry-run 查看;确认无误则加 --yes", "--dry-run shows all; if it is meant, give --yes"
    ),
    RefusalCode.NO_ROSTER: Remedy("请先 `dispatcher roster load`", "load one with `dispatcher roster load`"),
    RefusalCode.NAME_MISSING: Remedy("用 --officer 填写", "give it with --officer"),
    RefusalCode.NOT_ON_ROSTER: _see("dispatcher roster show"),
    RefusalCode.WRONG_ROLE: _see("dispatcher roster show"),
    RefusalCode.WRONG_UNIT: _see("dispatcher roster show"),
    RefusalCode.UNIT_UNKNOWN: _see("dispatcher roster show"),
    RefusalCode.NOT_OF_CENTRE: _see("dispatcher roster show"),
    RefusalCode.NO_SUCH_ADDRESS: _see("dispatcher visit card"),
    RefusalCode.ADDRESSES_NOT_TRIED: Remedy(
        "除最后一处外,请逐处用 `dispatcher visit tried` 登记",
        "say what came of all but the last with `dispatcher visit tried`",
    ),
    RefusalCode.GUARDIAN_ANSWER_MISSING: Remedy(
        "用 --guardian-present 或 --no-guardian-present 填写", "give --guardian-present or --no-guardian-present"
    ),
    RefusalCode.LOSS_ANSWER_MISSING: Remedy(
        "用 --lost-yuan 金额 或 --lost-yuan unknown 填写", "give --lost-yuan N, or --lost-yuan unknown"
    ),
    RefusalCode.UNKNOWN_LOSS_WITHOUT_FRAUD: Remedy("请检查 --lost-yuan", "check --lost-yuan"),
    RefusalCode.REASON_MISSING: Remedy("用 --reason 填写", "give it with --reason"),
    RefusalCode.PAUSE_ENDS_IN_THE_PAST: Remedy("请检查 --until", "check --until"),
    RefusalCode.PAUSE_TOO_LONG: Remedy("请检查 --until", "check --until"),
    RefusalCode.ADDRESS_EXPIRED: Remedy("请检查 --until", "check --until"),
    RefusalCode.WORK_ITEM_NEEDS_ACT: Remedy(
        "用 dispatcher item show 查看办法", "see `dispatcher item show` for what does it"
    ),
    RefusalCode.WORK_ITEM_TAKEN: Remedy(
        "移交用 dispatcher item hand-over", "`dispatcher item hand-over` gives it to somebody else"
    ),
    RefusalCode.FOLLOW_UP_OUTCOME_MISSING: Remedy("用 --outcome 填写", "give it with --outcome"),
    RefusalCode.OUTCOME_WITHOUT_FOLLOW_UP: Remedy("请勿填写 --outcome", "leave --outcome out"),
    RefusalCode.LOSS_WITHOUT_FRAUD: Remedy("--loss-yuan 须与该 --outcome 同用", "--loss-yuan needs that --outcome"),
}


def line(refused: Refused) -> str:
    """A refusal as one line, Chinese with English beside it."""
    told, remedy = refusals.words(refused), REMEDIES.get(refused.code)
    if remedy is None:
        return bilingual(told.zh, told.en)
    return bilingual(f"{told.zh};{remedy.zh}", f"{told.en}; {remedy.en}")
