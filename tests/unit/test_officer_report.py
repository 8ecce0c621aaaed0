"""An officer's report: each field has its steps and its label, and journal and commands have it from there."""

import pytest
import typer
from typer.core import TyperGroup

from dispatcher.cli.app import build_app
from dispatcher.cli.lazy import LazyCommand
from dispatcher.visits.officer_steps import STEPS
from schemas.officer_report import OfficerReport, SaidWith, fields_of, label_of
from schemas.vocabulary import Result

COMMANDS = [("visit", "report"), ("visit", "tried"), ("visit", "return"), ("transfer", "report")]


def parameters(group: str, name: str) -> dict[str, str]:
    """The parameters of a command with their help."""
    app = typer.main.get_command(build_app())
    assert isinstance(app, TyperGroup)
    listed = app.commands[group]
    loaded = listed.load() if isinstance(listed, LazyCommand) else listed
    assert isinstance(loaded, TyperGroup)
    return {str(each.name): str(getattr(each, "help", "")) for each in loaded.commands[name].params}


@pytest.mark.parametrize("name", OfficerReport.model_fields)
def test_every_field_has_steps_and_a_label(name: str) -> None:
    field = OfficerReport.model_fields[name]
    (mark,) = [each for each in field.metadata if isinstance(each, SaidWith)]
    assert set(mark.steps) <= STEPS.keys()
    assert mark.steps
    assert field.title
    assert field.description
    assert label_of(name) == f"{field.title} {field.description}"


def test_a_report_says_what_belongs_to_the_step() -> None:
    report = OfficerReport(result=Result.MET_REFUSED, guardian_present=True, to_unit="P2")
    said = report.said("report")
    assert (said["result"], said["lost_yuan"], said["guardian_present"]) == ("MET_REFUSED", None, True)
    assert "to_unit" not in said
    assert report.said("return")["to_unit"] == "P2"
    assert report.said("accept") == {}


@pytest.mark.parametrize(("group", "name"), COMMANDS)
def test_a_command_takes_every_field_of_its_step(group: str, name: str) -> None:
    assert set(fields_of(name)) <= parameters(group, name).keys()


@pytest.mark.parametrize("group", ["visit", "transfer"])
def test_an_option_that_a_command_does_not_name_is_labelled_by_the_report(group: str) -> None:
    found = parameters(group, "report")
    assert found["lost_yuan"] == label_of("lost_yuan")
    assert found["guardian_present"] == label_of("guardian_present")
