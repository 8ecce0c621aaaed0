"""case --why: each decision about a case in plain words, with its rule, its inputs and the policy's version."""

from collections.abc import Mapping
from dataclasses import asdict, replace

from dispatcher.cli import case_screen, output
from dispatcher.cli.output import json_line, print_lines, say
from dispatcher.errors import OperatorError
from dispatcher.policy import Policy
from dispatcher.reporting.explain import LANGUAGES, NOTHING_KEPT, Content, Explanation, Words, explain
from dispatcher.texts import reasons
from schemas.read_models.case import CaseReport


def explain_case(
    report: CaseReport,
    policy: Policy,
    language: str | None,
    *,
    as_json: bool,
    kept: Mapping[str, Content] = NOTHING_KEPT,
) -> None:
    """Print every decision of a case, as people or as programs read it. Raises OperatorError.

    What was written about it takes the place of its id where the report has it. `kept`: what its policies said.
    """
    if language not in (None, *LANGUAGES):
        raise OperatorError("--language 有误", f"--language: one of {', '.join(LANGUAGES)}")
    words = Words(policy, reasons.load())
    spoken = language if as_json else language or output.language()
    if not as_json:
        _line(
            say(f"劝阻任务 {report.case}  时区 {policy.timezone}", f"case {report.case}  time zone {policy.timezone}")
        )
    read = {str(each.id): each.text for each in report.remarks if each.text}
    for explanation in explain(report.journal, policy, words.reasons, spoken, kept):
        inputs = {key: read.get(str(value), value) for key, value in explanation.inputs.items()}
        told = replace(explanation, inputs=inputs)
        if as_json:
            json_line(asdict(told))
        else:
            _print_explanation(told, words, spoken or output.language())
    if not as_json and (remarks := case_screen.written(report.remarks, words)):
        _line(remarks)


def _print_explanation(explanation: Explanation, words: Words, language: str) -> None:
    rule = say(
        f"规则 {explanation.rule}  策略 {explanation.policy}", f"rule {explanation.rule}  policy {explanation.policy}"
    )
    _line(f"{explanation.seq:>4}  {words.time(explanation.at)}  {rule}", indent=6)
    _line(f"      {explanation.why}", indent=6)
    inputs = ", ".join(f"{key}={words.of(key, value, language)}" for key, value in explanation.inputs.items())
    if inputs:
        _line(f"      {say('依据', 'inputs')}: {inputs}", indent=8)


def _line(text: str, indent: int = 0) -> None:
    print_lines(text, indent=indent)
