"""What a policy can make happen by naming it: the one list of triggers, with their labels.

The policy's models take their values from here. What each stands for is told by the engine's tables of grounds
(engine/visits.py, engine/bank_requests.py); tests/unit/test_triggers.py fails where one of them is left out anywhere.
"""

from schemas.vocabulary import Code


class VisitTrigger(Code):
    """What opens a door visit: `visit.on`."""

    RECEIPT = "receipt", "受理", "receipt"
    NO_CONTACT = "no_contact", "无接触", "no contact"
    REFUSED = "refused", "拒不听劝", "refusal"
    PHONE_ROUTE_EXHAUSTED = "phone_route_exhausted", "电话用尽", "no phone"


class BankTrigger(Code):
    """What makes a bank be asked: the keys of `hooks`."""

    MONEY_MOVED = "money_moved", "款已转", "money moved"
    REFUSED = "refused", "拒不听劝", "refusal"
