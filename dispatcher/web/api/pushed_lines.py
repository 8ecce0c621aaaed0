"""What a client pushes, before intake: it speaks for its own sources alone, and for what its scopes allow."""

import json
from dataclasses import dataclass
from typing import Any

from dispatcher.clients.authentication import Client
from schemas import parse
from schemas.errors import BadInstruction
from schemas.instruction import MAX_BODY_BYTES, Event, Feedback, Instruction, LaterLoss
from schemas.vocabulary import ClientScope

_FEEDBACK = (Feedback, LaterLoss)


@dataclass(frozen=True, slots=True)
class PushedLine:
    """A line for intake; `refusal` where it is not to be tried."""

    raw: bytes
    refusal: BadInstruction | None = None


def read(raw: bytes, client: Client, **given: Any) -> PushedLine:
    """A line of this client's. `given`: what the path says (op, instruction_id), and an event's id."""
    if len(raw) > MAX_BODY_BYTES:
        return PushedLine(raw)
    try:
        body, twice = parse.decoded(raw)
    except BadInstruction:
        return PushedLine(raw)  # intake says what is wrong with it
    if not isinstance(body, dict):
        return PushedLine(raw)
    try:
        added = _given(body, given) | _source(body, client)
        model, _ = parse.model_of(body | added)
        _check_scope(model, client)
    except BadInstruction as refusal:
        return PushedLine(raw, refusal=refusal)
    return PushedLine(_with(raw, body, added, has_doubles=bool(twice)) if added else raw)


def _with(raw: bytes, body: dict[str, Any], added: dict[str, Any], *, has_doubles: bool) -> bytes:
    """The line with these fields. Where a key stands twice in it the text is kept, for intake to see that it does."""
    if has_doubles and added.keys().isdisjoint(body):
        text = raw.decode("utf-8-sig").strip()
        return f"{_dumped(added)[:-1]},{text[1:]}".encode()
    return _dumped(body | added).encode("utf-8", "surrogatepass")


def _dumped(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _given(body: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What the path says and the body leaves out. Raises BadInstruction where the two differ."""
    added = {}
    for name, value in given.items():
        told = body.get(name)
        if told is None:
            added[name] = value
        elif name != "event_id" and told != value:
            raise BadInstruction(name, "与请求路径不一致", "differs from the path")
    return added


def _source(body: dict[str, Any], client: Client) -> dict[str, Any]:
    """The source, if the line has none and the client speaks for one alone. Raises BadInstruction."""
    source = body.get("source")
    if source is None and len(client.systems) == 1:
        return {"source": {"system": next(iter(client.systems))}}
    system = source.get("system") if isinstance(source, dict) else None
    if isinstance(system, str) and system in client.systems:
        return {}
    raise BadInstruction(
        "source.system",
        "缺少来源,或该客户端不代表此来源",
        "no source, or one that this client does not speak for",
    )


def _check_scope(model: type[Instruction] | type[Event], client: Client) -> None:
    """Raises BadInstruction."""
    scope = ClientScope.FEEDBACK if issubclass(model, _FEEDBACK) else ClientScope.PUSH
    if scope not in client.scopes:
        raise BadInstruction("op", "该客户端无此权限", "this client may not do that")
