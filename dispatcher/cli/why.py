"""case --why: each decision about a case in plain words, with its rule, its inputs and the policy's version."""

from dataclasses import asdict

from dispatcher.cli.output import json_line, out
from dispatcher.errors import OperatorError
from dispatcher.policy import Policy
from dispatcher.reporting.explain import LANGUAGES, Explanation, Words, explain
from dispatcher.texts import reasons
from schemas.read_models.case import CaseReport


def explain_case(report: CaseReport, policy: Policy, language: str | None, *, as_json: bool) -> None:
    """Print every decision of a case, as people or as programs read it. Raises OperatorError."""
    if language not in (None, *LANGUAGES):
        raise OperatorError("--language 有误", f"--language: one of {', '.join(LANGUAGES)}")
    words = Words(policy, reasons.load())
    if not as_json:
        _line(f"劝阻任务 case {report.case}  时区 time zone {policy.timezone}")
    for explanation in explain(report.journal, policy, words.reasons, language):
        if as_json:
            json_line(asdict(explanation))
        else:
            _print_explanation(explanation, words, language or "zh")


def _print_explanation(explanation: Explanation, words: Words, language: str) -> None:
    rule = f"规则 rule {explanation.rule}  策略 policy {explanation.policy}"
    _line(f"{explanation.seq:>4}  {words.time(explanation.at)}  {rule}")
    _line(f"      {explanation.why}")
    inputs = ", ".join(f"{key}={words.of(key, value, language)}" for key, value in explanation.inputs.items())
    if inputs:
        _line(f"      依据 inputs: {inputs}")


def _line(text: str) -> None:
    out.print(text, highlight=False, soft_wrap=True)
