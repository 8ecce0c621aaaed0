"""The dissuasion log as people read it."""

from collections.abc import Iterable

from dispatcher.cli.listing import Column, Listing, ids, words
from dispatcher.cli.output import name_of, result_of, say, short_time
from schemas.read_models.log import LogLine


def log_listing(lines: Iterable[LogLine], title: str) -> Listing:
    """One row an attempt."""
    columns = (
        *(Column(say("时间", "at")), Column(say("渠道", "channel")), Column(say("对象", "person"))),
        *(words(say("结果", "result")), words(say("规则", "rule")), ids(say("指令", "instruction"))),
    )
    listing = Listing(title, columns)
    for line in lines:
        at = short_time(line.sent_at or line.due_at or line.planned_at)
        told = (name_of(line.channel), name_of(line.person), result_of(line), line.rule)
        listing.add(at, *told, line.instructions)
    return listing
