"""The routes of the upload page. Plain forms: nothing is kept between them, the table goes along in the form."""

import asyncio
import base64
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.responses import HTMLResponse, Response, StreamingResponse

from dispatcher.clients.authentication import Client
from dispatcher.intake import sheets
from dispatcher.intake.sheets import SheetLine
from dispatcher.setup import Services
from dispatcher.texts import reasons
from dispatcher.web.api.access import may
from dispatcher.web.api.intake import take_lines
from dispatcher.web.api.problems import Problem
from dispatcher.web.api.pushed_lines import read as read_line
from dispatcher.web.api.state import parts_of
from dispatcher.web.upload.words import Language, say
from schemas.problems import ProblemCode
from schemas.sheets import columns as sheet_columns
from schemas.sheets import refused as refused_file
from schemas.sheets.read import Row, Sheet, SheetError, read
from schemas.vocabulary import ClientScope, IntakeStatus

router = APIRouter(include_in_schema=False)
Uploader = Annotated[Client, Depends(may(ClientScope.PUSH))]
MAX_MB = 10
_MAX_FORM = 16 * 2**20  # the file, in base64
_FORM_WITHIN_S = 60.0
_MOST_FIELDS = 500  # a select for each column
_MOST_TOLD = 200
_SLICE = 100
_SAMPLES = 3
_HEADERS = {
    # Nothing but what stands in the page itself: no script, no other host.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",  # with none at all a browser says of our own form that it stands nowhere
    "X-Content-Type-Options": "nosniff",
}
_pages = Environment(loader=PackageLoader(__package__), autoescape=True, undefined=StrictUndefined)


class Mistake(Exception):
    """Of who uploads: said on the page."""


@router.get("/upload")
def choose(request: Request, client: Uploader, language: str = "") -> Response:
    return _choose(request, client, _language(request, language))


@router.post("/upload/preview")
async def preview(request: Request, client: Uploader) -> Response:
    form = await _form(request)
    return await run_in_threadpool(_preview, request, client, form)


@router.post("/upload/push")
async def push(request: Request, client: Uploader) -> Response:
    form = await _form(request)
    language = _language(request, str(form.get("language", "")))
    try:
        made = await run_in_threadpool(_Upload, parts_of(request).services, client, form, language)
        lines = await run_in_threadpool(made.lines)
    except (Mistake, SheetError) as mistake:
        return _choose(request, client, language, str(mistake), status=400)
    return StreamingResponse(_push(request, client, made, lines), media_type="text/html", headers=_HEADERS)


async def _form(request: Request) -> FormData:
    """Raises Problem."""
    try:
        async with asyncio.timeout(_FORM_WITHIN_S):
            return await request.form(max_files=1, max_fields=_MOST_FIELDS, max_part_size=_MAX_FORM)
    except TimeoutError:
        raise Problem(ProblemCode.TOO_SLOW) from None


def _choose(request: Request, client: Client, language: Language, mistake: str = "", status: int = 200) -> Response:
    with parts_of(request).services.sessions() as session:
        kept = _kept(session, client)
    told = {"systems": sorted(client.systems), "kept": list(kept), "mistake": mistake}
    return HTMLResponse(_render("choose.html", language, **told), status, _HEADERS)


def _kept(session: Session, client: Client) -> dict[str, dict[str, str]]:
    """The columns that this client has kept; each has names of its own."""
    prefix = _own(client, "")
    kept = sheets.kept(session)
    return {name.removeprefix(prefix): columns for name, columns in kept.items() if name.startswith(prefix)}


def _own(client: Client, name: str) -> str:
    return f"{client.name}/{name}"


def _preview(request: Request, client: Client, form: FormData) -> Response:
    language = _language(request, str(form.get("language", "")))
    try:
        made = _Upload(parts_of(request).services, client, form, language)
    except (Mistake, SheetError) as error:
        return _choose(request, client, language, str(error), status=400)
    mistake, lines = "", list[SheetLine]()
    try:
        lines = made.lines()
    except SheetError as error:
        mistake = str(error)
    taken = [line for line in lines if line.refusal is None]
    common = set.intersection(*(set(line.flags) for line in taken)) if len(taken) > 1 else set()
    refused = [line for line in lines if line.refusal is not None]
    troubled = [*refused, *(line for line in taken if set(line.flags) - common)]
    told = {
        "mistake": mistake,
        "content": base64.b64encode(made.content).decode(),
        "system": made.system,
        "keep": made.keep,
        "columns": list(_columns(made)),
        "fields": [(name, _field(name, language)) for name in sheet_columns.fields()],
        "counts": {
            "all": len(lines),
            "refused": len(refused),
            "taken": len(taken),
            "flagged": len(troubled) - len(refused),
            "told": len(troubled),
        },
        "common": _flags(common, language),
        "told": [_told(line, common, language) for line in troubled[:_MOST_TOLD]],
    }
    return HTMLResponse(_render("preview.html", language, **told), 400 if mistake else 200, _HEADERS)


def _columns(made: "_Upload") -> Iterator[tuple[str, str, str]]:
    for at, name in enumerate(made.sheet.header):
        sample = " · ".join(row.cells[at] for row in made.sheet.rows[:_SAMPLES] if row.cells[at])
        yield name, made.columns.get(name, ""), sample


def _field(name: str, language: Language) -> str:
    """A field by the first of its names in this language."""
    names = sheet_columns.fields()[name]
    return next((each for each in names if each.isascii() == (language == "en")), name)


def _told(line: SheetLine, common: Collection[str], language: Language) -> tuple[int, bool, str]:
    if line.refusal is not None:
        return line.row.number, True, line.refusal
    return line.row.number, False, _flags(set(line.flags) - set(common), language)


def _flags(flags: Collection[str], language: Language) -> str:
    return say(language)("and").join(reasons.load().flag(each, language) for each in sorted(flags))


class _Upload:
    """What a form brings: the table, and what its columns are. Raises Mistake and SheetError."""

    def __init__(self, services: Services, client: Client, form: FormData, language: Language) -> None:
        self._services, self._client = services, client
        self.language: Language = language
        self._say = say(language)
        self.content = self._content(form)
        self.sheet: Sheet = read(self.content)
        self.system = str(form.get("system", ""))
        if self.system not in client.systems:
            raise Mistake(self._say("not_yours"))
        self.keep = str(form.get("keep", "")).strip()[:40]
        self.columns = self._chosen(form)

    def _content(self, form: FormData) -> bytes:
        file, kept = form.get("file"), form.get("content")
        try:
            content = (
                file.file.read() if isinstance(file, UploadFile) else base64.b64decode(str(kept or ""), validate=True)
            )
        except ValueError:  # no base64, or no ASCII
            content = b""
        if not content:
            raise Mistake(self._say("no_file"))
        if len(content) > MAX_MB * 2**20:
            raise Mistake(self._say("too_large", most=MAX_MB))
        return content

    def _chosen(self, form: FormData) -> dict[str, str]:
        header = self.sheet.header
        if any(name.startswith("column:") for name in form):
            told = {name: str(form.get(f"column:{at}", "")) for at, name in enumerate(header)}
            return {name: field for name, field in told.items() if field}
        with self._services.sessions() as session:
            kept = _kept(session, self._client).get(str(form.get("kept", "")), {})
        return {name: field for name, field in kept.items() if name in header} or sheet_columns.guess(header)

    def lines(self) -> list[SheetLine]:
        """Raises SheetError."""
        with self._services.begin() as work:
            fixed = {"source": {"system": self.system}}
            found = list(sheets.lines(work.context, self.sheet, self.columns, fixed, work.now))
            if self.keep:
                sheets.keep(work, _own(self._client, self.keep), self.columns)
        return found


async def _push(request: Request, client: Client, made: _Upload, lines: list[SheetLine]) -> AsyncIterator[str]:
    """The page, line by line as the slices are committed."""
    words, counts, refused = say(made.language), Counter[str](), list[tuple[Row, str]]()
    yield _render("page.html", made.language, mistake="")
    is_broken = False
    rest, done = iter(lines), 0
    while chosen := list(islice(rest, _SLICE)):
        pushed = [read_line(line.raw, client) for line in chosen]
        try:
            answers = await run_in_threadpool(take_lines, parts_of(request).services, client, pushed)
        except OperationalError:
            is_broken = True
            break
        for line, answer in zip(chosen, answers, strict=True):
            counts[answer.status] += 1
            if answer.status is IntakeStatus.REFUSED:
                refused.append((line.row, answer.reason or ""))
        done += len(chosen)
        yield f"<p>{words('pushing', done=done, all=len(lines))}</p>\n"
    told = {str(status): counts[status] for status in IntakeStatus}
    content = base64.b64encode(refused_file.write(made.sheet, refused)).decode() if refused else ""
    name = refused_file.file_name(made.sheet)
    kind = "text/csv" if name.endswith("csv") else "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    end = {"counts": told, "is_broken": is_broken, "refused": content, "file_name": name, "media_type": kind}
    yield _render("done.html", made.language, **end)


def _render(name: str, language: Language, **told: Any) -> str:
    return _pages.get_template(name).render(language=language, say=say(language), **told)


def _language(request: Request, told: str) -> Language:
    """Chosen on the page, else what the screens of this service speak."""
    ours: Language = "en" if parts_of(request).services.settings.language == "en" else "zh"
    return "en" if told == "en" else "zh" if told == "zh" else ours
