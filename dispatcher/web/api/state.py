"""What the routes of one process share."""

from dataclasses import dataclass

from fastapi import Request

from dispatcher.setup import Services
from dispatcher.web.api.batches import Batches
from dispatcher.web.api.intake import Intake
from dispatcher.web.api.repeats import Repeats


@dataclass(frozen=True)
class Parts:
    services: Services
    intake: Intake
    batches: Batches
    repeats: Repeats


def parts_of(request: Request) -> Parts:
    found: Parts = request.app.state.parts
    return found
