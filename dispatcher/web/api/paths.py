"""An instruction's id in a path: `W-1` names the instruction, `W-1:withdraw` a step of it."""

from starlette.convertors import Convertor, register_url_convertor

STEPS = ("withdraw", "feedback", "later-loss")


class _Plain(Convertor[str]):
    """Any text without a slash that does not end in a step."""

    regex = rf"(?:(?!:(?:{'|'.join(STEPS)})$)[^/])+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


INSTRUCTION = "/v1/instructions/{instruction_id:plain}"
register_url_convertor("plain", _Plain())
