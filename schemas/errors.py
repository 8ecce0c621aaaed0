"""Errors that are for people: each names a field and its remedy, in Chinese with English beside it."""

import re
from collections.abc import Sequence
from typing import Literal

_BESIDE, _NEXT = " / ", " | "
_FIELD = re.compile(r"[\w.\[\]-]+: ", re.ASCII)


def bilingual(zh: str, en: str) -> str:
    """Chinese first, English beside it."""
    return f"{zh}{_BESIDE}{en}"


def in_one_language(told: str, language: Literal["zh", "en"]) -> str:
    """What `bilingual` made, each fault with its field; as it is where somebody else wrote it."""
    return _NEXT.join(_in_one(each, language) for each in told.split(_NEXT))


def _in_one(told: str, language: Literal["zh", "en"]) -> str:
    field = found.group() if (found := _FIELD.match(told)) else ""
    parts = told.removeprefix(field).split(_BESIDE)
    half = len(parts) // 2  # either may have a stroke of its own, the same number of them
    chosen = parts[:half] if language == "zh" else parts[half:]
    return told if len(parts) % 2 else field + _BESIDE.join(chosen)


class BadInstruction(ValueError):
    """What was pushed can't be taken. Never carries the offending value: it may be personal data."""

    def __init__(self, field: str, zh: str, en: str) -> None:
        self.field = field
        self.reason = f"{field}: {bilingual(zh, en)}" if field else bilingual(zh, en)
        super().__init__(self.reason)

    @classmethod
    def of_many(cls, faults: Sequence[tuple[str, str, str]], in_all: int) -> "BadInstruction":
        """One for several faults, each with its field and remedy; `in_all` counts those that are not told too."""
        (field, zh, en), *others = faults
        refusal = cls(field, zh, en)
        told = [cls(*each).reason for each in others]
        if in_all > len(faults):
            more = in_all - len(faults)
            told.append(bilingual(f"另有 {more} 处", f"{more} more"))
        refusal.reason = _NEXT.join((refusal.reason, *told))
        refusal.args = (refusal.reason,)
        return refusal


class UnknownInstruction(BadInstruction):
    """An event on an instruction that was never pushed."""

    def __init__(self) -> None:
        super().__init__("instruction_id", "没有这条指令,请先推送指令", "no such instruction; push it first")


class ErasedInstruction(BadInstruction):
    """A patch of what was erased with its person."""

    def __init__(self) -> None:
        super().__init__(
            "instruction_id",
            "该指令已随个人信息删除,请推送完整指令",
            "erased with its person; push the whole instruction",
        )


class AmbiguousInstruction(BadInstruction):
    """An event without a source, on an id that several sources use."""

    def __init__(self) -> None:
        super().__init__(
            "source", "多个来源使用同一编号,请注明 source", "more than one source uses this id; name the source"
        )


class ProgramFault(BadInstruction):
    """The fault is ours, of this kind; the source can't mend it."""

    FIELD = "system"  # where no field of the line is at fault

    def __init__(self, kind: str) -> None:
        super().__init__(
            self.FIELD,
            f"本系统处理出错({kind}),与来源无关;原文已留存,修复后可重新提交",
            f"a fault of the program ({kind}), none of the source's; kept, to be pushed again once it is mended",
        )


# The reason of a conflict: nothing is refused, and a supervisor decides.
OTHER_CONTENT = bilingual(
    "同一版本内容不同,已隔离,交主管处理", "same version, other content; kept in quarantine for a supervisor"
)
# The reason of what came before its instruction: it is taken, and applied later.
EARLY = bilingual("指令尚未到达,已留存,到达后自动生效", "its instruction has not come yet; kept, applied when it comes")
