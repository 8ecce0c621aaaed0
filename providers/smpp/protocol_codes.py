"""SMPP 3.4 in tables: commands (5.1.2.1), command_status (5.1.3), optional parameters (5.3.2), message states (5.2.28).

Numbers and names are the specification's; which error is whose is ours, since it does not say.
"""

from collections.abc import Mapping

from providers.base import OperationsFault, Outcome, Permanent, Transient
from schemas.vocabulary import Result

# Commands.
GENERIC_NACK = 0x80000000
QUERY_SM = 0x00000003
SUBMIT_SM = 0x00000004
DELIVER_SM = 0x00000005
UNBIND = 0x00000006
BIND_TRANSCEIVER = 0x00000009
ENQUIRE_LINK = 0x00000015
DATA_SM = 0x00000103
RESPONSE = 0x80000000  # set in the answer to a command

# Statuses that the session itself sends or checks.
OK = 0x00
INVALID_COMMAND = 0x03  # ESME_RINVCMDID
NOT_BOUND = 0x04  # ESME_RINVBNDSTS
ALREADY_BOUND = 0x05  # ESME_RALYBND
TRY_LATER = 0x64  # ESME_RX_T_APPN
THROTTLED = 0x58  # ESME_RTHROTTLED

# Optional parameters.
RECEIPTED_MESSAGE_ID = 0x001E
USER_MESSAGE_REFERENCE = 0x0204
MESSAGE_PAYLOAD = 0x0424
MESSAGE_STATE = 0x0427

# Not this number, or not this content.
_REFUSED: Mapping[int, tuple[str, Result]] = {
    0x01: ("ESME_RINVMSGLEN", Result.REJECTED_CONTENT),
    0x0B: ("ESME_RINVDSTADR", Result.FAILED_PERMANENT),
    0x50: ("ESME_RINVDSTTON", Result.FAILED_PERMANENT),
    0x51: ("ESME_RINVDSTNPI", Result.FAILED_PERMANENT),
}
# Not for us, or not as we are set up: no message passes until somebody repairs it.
_OPERATIONS: Mapping[int, str] = {
    0x02: "ESME_RINVCMDLEN",
    0x03: "ESME_RINVCMDID",
    0x06: "ESME_RINVPRTFLG",
    0x07: "ESME_RINVREGDLVFLG",
    0x0A: "ESME_RINVSRCADR",
    0x0D: "ESME_RBINDFAIL",
    0x0E: "ESME_RINVPASWD",
    0x0F: "ESME_RINVSYSID",
    0x15: "ESME_RINVSERTYP",
    0x43: "ESME_RINVESMCLASS",
    0x48: "ESME_RINVSRCTON",
    0x49: "ESME_RINVSRCNPI",
    0x53: "ESME_RINVSYSTYP",
    0x61: "ESME_RINVSCHED",
    0x62: "ESME_RINVEXPIRY",
    0xC0: "ESME_RINVOPTPARSTREAM",
    0xC1: "ESME_ROPTPARNOTALLWD",
    0xC2: "ESME_RINVPARLEN",
}
# Not now. A status in no table (vendors have 0x400 to 0x4FF) counts so too: another attempt costs little.
_TRANSIENT: Mapping[int, str] = {
    NOT_BOUND: "ESME_RINVBNDSTS",
    ALREADY_BOUND: "ESME_RALYBND",
    0x08: "ESME_RSYSERR",
    0x14: "ESME_RMSGQFUL",
    0x45: "ESME_RSUBMITFAIL",
    THROTTLED: "ESME_RTHROTTLED",
    TRY_LATER: "ESME_RX_T_APPN",
    0xFF: "ESME_RUNKNOWNERR",
}

# message_state → (name in the text form, appendix B; what it means for an attempt). No result: not final.
# No state is certain enough to take a number out of use for long: what did not arrive has failed for now.
STATES: Mapping[int, tuple[str, Result | None]] = {
    1: ("ENROUTE", None),
    2: ("DELIVRD", Result.DELIVERED),
    3: ("EXPIRED", Result.FAILED_TEMPORARY),
    4: ("DELETED", Result.FAILED_TEMPORARY),
    5: ("UNDELIV", Result.FAILED_TEMPORARY),
    6: ("ACCEPTD", None),  # gateways say it when they have passed the message on
    7: ("UNKNOWN", Result.UNKNOWN),
    8: ("REJECTD", Result.FAILED_TEMPORARY),
}
STATES_BY_NAME: Mapping[str, int] = {name: state for state, (name, _) in STATES.items()}
UNKNOWN_STATE = 7


def outcome_of(status: int) -> Outcome:
    """What a refused bind or submit means. `status` is a command_status other than 0."""
    if status in _REFUSED:
        name, result = _REFUSED[status]
        return Permanent(result, name)
    if status in _OPERATIONS:
        return OperationsFault(_OPERATIONS[status])
    return Transient(_TRANSIENT.get(status, f"command_status 0x{status:08X}"))
