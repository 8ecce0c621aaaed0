"""push of a table: CSV or XLSX, looked at first; what is refused comes back in a file of the same kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rich.progress import track

from dispatcher.cli.output import err, language, list_table, out, say
from dispatcher.errors import OperatorError
from dispatcher.intake import batch, sheets
from dispatcher.intake.answer import Answer
from dispatcher.intake.sheets import SheetLine
from dispatcher.setup import Services
from dispatcher.texts import reasons
from schemas.errors import bilingual, in_one_language
from schemas.sheets import columns, refused
from schemas.sheets.read import Row, Sheet, SheetError, read

SUFFIXES = frozenset({".csv", ".tsv", ".xlsx", ".xls"})
_MOST_SHOWN = 50


@dataclass(frozen=True)
class Table:
    """A file, and what its columns are. `kept` and `keep` name columns: those to take, and under what to keep these."""

    path: Path
    system: str | None
    named: Sequence[str]  # "column=field"
    kept: str | None
    keep: str | None

    def read(self, services: Services) -> tuple[Sheet, list[SheetLine]]:
        """Raises OperatorError."""
        try:
            sheet = read(self.path.read_bytes())
            chosen = self._columns(services, sheet)
            fixed = {"source": {"system": self.system}} if self.system else {}
            with services.begin() as work:
                lines = list(sheets.lines(work.context, sheet, chosen, fixed, work.now))
                if self.keep:
                    sheets.keep(work, self.keep, chosen)
        except OSError as error:
            raise OperatorError(f"无法读取 {self.path}", f"can't read {self.path} ({error.strerror})") from None
        except SheetError as error:
            raise OperatorError(f"{self.path} 无法推送", f"{self.path}: {error}") from None
        return sheet, lines

    def _columns(self, services: Services, sheet: Sheet) -> dict[str, str]:
        found = columns.guess(sheet.header)
        if self.kept:
            with services.sessions() as session:
                kept = sheets.kept(session)
            if self.kept not in kept:
                known = ", ".join(kept) or "—"
                raise OperatorError(f"没有列对应方案 {self.kept}", f"no columns kept as {self.kept}; known: {known}")
            found = {name: field for name, field in kept[self.kept].items() if name in sheet.header}
        for each in self.named:
            name, is_named, field = each.partition("=")
            if not is_named:
                raise OperatorError("--map 应为 列名=字段", "--map wants COLUMN=FIELD, e.g. 电话=victim.phones")
            found[name] = field
        return {name: field for name, field in found.items() if field}


def preview(table: Table, services: Services) -> None:
    """What would be refused, and what is doubtful, row by row; nothing is pushed."""
    _, lines = table.read(services)
    bad = [line for line in lines if line.refusal is not None]
    doubtful = [line for line in lines if line.flags]
    title = say(
        f"共 {len(lines)} 行:可受理 {len(lines) - len(bad)} 行,其中存疑 {len(doubtful)} 行;不能受理 {len(bad)} 行",
        f"{len(lines)} rows: {len(lines) - len(bad)} can be taken, {len(doubtful)} of them with doubts; "
        f"{len(bad)} can't",
    )
    shown = list_table(title)
    shown.add_column(say("行号", "row"), justify="right", no_wrap=True)
    shown.add_column(say("说明", "what is to be seen to"), overflow="fold")
    for line in islice([*bad, *doubtful], _MOST_SHOWN):
        flags = ", ".join(reasons.load().flag(each, language()) for each in line.flags)
        why = in_one_language(line.refusal, language()) if line.refusal else flags
        shown.add_row(str(line.row.number), why)
    out.print(shown)
    if len(bad) + len(doubtful) > _MOST_SHOWN:
        out.print(say(f"只列出前 {_MOST_SHOWN} 行", f"the first {_MOST_SHOWN} are listed"))


def take(table: Table, services: Services, door: str) -> tuple[Sheet, list[tuple[SheetLine, Answer]]]:
    """Push every row, by the slice. Raises OperatorError."""
    sheet, lines = table.read(services)
    answered: list[tuple[SheetLine, Answer]] = []
    slices = [lines[first : first + batch.SLICE] for first in range(0, len(lines), batch.SLICE)]
    for part in track(slices, say("推送", "push"), console=err):
        answers = batch.take_lines(services.begin, [line.raw for line in part], door=door)
        answered += zip(part, answers, strict=True)
    return sheet, answered


def write_refused(sheet: Sheet, rows: Sequence[tuple[Row, str]], path: Path) -> None:
    """Raises OperatorError."""
    try:
        path.touch(0o600)  # people's numbers are in it
        path.chmod(0o600)
        path.write_bytes(refused.write(sheet, rows))
    except OSError as error:
        raise OperatorError(f"无法写入 {path}", f"can't write {path} ({error.strerror})") from None
    err.print(bilingual(f"未受理 {len(rows)} 行见 {path}", f"{len(rows)} refused rows in {path}"), soft_wrap=True)
