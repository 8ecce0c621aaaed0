"""What programs read with `--json`: names and order of the fields, and how ids, codes and times are written."""

from datetime import UTC, datetime, timedelta, timezone
from importlib import import_module
from pkgutil import iter_modules
from uuid import UUID

import pytest
from pydantic import ValidationError

from schemas import read_models as read_models_package
from schemas.read_models.base import ReadModel
from schemas.read_models.case import CaseLink, CaseReport, FeedbackWord, FirstContact, JournalEntry, Money, Remark
from schemas.read_models.cases import CaseLine
from schemas.read_models.instructions import InstructionLine, LineAnswer, QuarantineLine, Taken
from schemas.read_models.log import LogLine
from schemas.read_models.providers import LimitUse, ProviderChange, ProviderStatus
from schemas.read_models.source_events import CloudEvent, SourceEvents, ToldOfCase
from schemas.read_models.visits import FollowingItemLine, ListedVisitLine, ReportOutcome, TransferLine, VisitLine
from schemas.read_models.work_items import OpenWorkItemLine, WorkItemLine

VISIT = (
    "visit number case state rule precinct_code officer opened_at not_before not_after assigned_at accepted_at "
    "departed_at arrived_at reported_at result return_reason guardian_present corrected_at"
)
WORK_ITEM = (
    "duty number case kind state rule role unit opened_at due_at climbs taken_at taken_by "
    "done_at done_by outcome loss_yuan about"
)  # Other people's tools rely on these: a name is added at will, and never changed or taken away.
FIELDS: dict[type[ReadModel], str] = {
    LogLine: (
        "case instructions attempt retry_of channel provider actor person state result confirmed rule "
        "possible_duplicate planned_at sent_at settled_at ref answer detail skip_reason hook occasion was_in_doubt "
        "corrected_from due_at"
    ),
    CaseReport: (
        "case instructions urgency state resolution opened_at closed_at waiting_for next_look_at first_contact "
        "fraud_type policy facts language masked warned_before suppressed paused_at deadlines money attempts visits "
        "duties links feedback journal remarks"
    ),
    CaseLine: (
        "case instructions urgency state resolution fraud_type opened_at paused next_at waits_for waiting_for items "
        "overdue due_at units"
    ),
    FirstContact: "at channel",
    Money: "at_risk transferred lost stopped avoided avoided_basis returned",
    CaseLink: "case kind at",
    FeedbackWord: "system direction outcome at",
    JournalEntry: "seq at actor event rule data",
    Remark: "id at by event text",
    VisitLine: VISIT,
    ListedVisitLine: f"{VISIT} instructions urgency deadline overdue rung rung_number",
    FollowingItemLine: "number kind role unit",
    ReportOutcome: "reopened closed_as next_visit next_visit_at bank_asked work_items",
    TransferLine: (
        "transfer visit case from_unit to_unit reason state offered_by decided_by offered_at answer_by decided_at "
        "number"
    ),
    WorkItemLine: WORK_ITEM,
    OpenWorkItemLine: f"{WORK_ITEM} urgency overdue",
    ProviderStatus: (
        "provider channels weight health share since cause by note in_doubt last_error last_error_at limits"
    ),
    Taken: "instruction_id version status case received_at flags repeated reason",
    ToldOfCase: "system case instructions details",
    CloudEvent: "specversion id source type subject time datacontenttype sequence data",
    SourceEvents: "items next",
    LineAnswer: "line instruction_id status case reason",
    InstructionLine: (
        "id system instruction_id version unit ref urgency urgency_label fraud_type channels flags issued_at "
        "received_at valid_until withdrawn_at case case_state resolution"
    ),
    QuarantineLine: "id received_at status field reason bytes urgency pushed_again_at",
    ProviderChange: "at provider before after share cause by note seen",
    LimitUse: "kind limit used",
}


def read_models(base: type[ReadModel] = ReadModel) -> set[type[ReadModel]]:
    return {each for model in base.__subclasses__() for each in (model, *read_models(model))}


@pytest.mark.parametrize("model", FIELDS, ids=lambda model: model.__name__)
def test_the_fields_are_named_and_ordered_as_ever(model: type[ReadModel]) -> None:
    assert list(model.model_fields) == FIELDS[model].split()


def test_no_read_model_is_left_out() -> None:
    for module in iter_modules(read_models_package.__path__, f"{read_models_package.__name__}."):
        import_module(module.name)
    # Pages of them are the API's, and stand in its document.
    ours = {model for model in read_models() if model.__module__.startswith(read_models_package.__name__)}
    assert ours == FIELDS.keys()


def test_every_time_is_a_date_time_in_the_json_schema() -> None:
    for model in FIELDS:
        described = model.model_json_schema(mode="serialization")["properties"]
        for name in (each for each in described if each == "at" or each.endswith("_at")):
            kinds = described[name].get("anyOf", [described[name]])
            assert {"type": "string", "format": "date-time"} in [
                {key: kind[key] for key in kind if key in ("type", "format")} for kind in kinds
            ], (model, name)


@pytest.mark.parametrize(
    ("zone", "printed"),
    [(UTC, "2026-03-02T09:00:00+00:00"), (timezone(timedelta(hours=8)), "2026-03-02T09:00:00+08:00")],
)
def test_ids_codes_and_times_are_written_plainly(zone: timezone, printed: str) -> None:
    link = CaseLink(case=UUID(int=7), kind="split", at=datetime(2026, 3, 2, 9, tzinfo=zone))
    assert link.model_dump(mode="json") == {
        "case": "00000000-0000-0000-0000-000000000007",
        "kind": "split",
        "at": printed,
    }


def test_a_code_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError):
        CaseLink(case=UUID(int=7), kind="cousin", at=datetime(2026, 3, 2, tzinfo=UTC))
