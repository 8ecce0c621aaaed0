"""Why a use case refuses what it is asked: codes that pages, commands and clients of the API rely on."""

from enum import StrEnum


class RefusalCode(StrEnum):
    """A stable code; the words stand in `dispatcher/texts/refusals.toml`."""

    # Nothing has this id.
    NO_CASE = "no_case"
    NO_VISIT = "no_visit"
    NO_WORK_ITEM = "no_work_item"
    NO_PROVIDER = "no_provider"
    NO_UNIT = "no_unit"
    NO_CLIENT = "no_client"

    # A client of the API.
    CLIENT_EXISTS = "client_exists"
    CLIENT_REVOKED = "client_revoked"

    # A badge, a name or a reason that nothing can hold.
    TEXT_UNWRITABLE = "text_unwritable"

    # A webhook.
    NO_WEBHOOK = "no_webhook"
    WEBHOOK_EXISTS = "webhook_exists"
    WEBHOOK_ADDRESS_REFUSED = "webhook_address_refused"

    # A query of a call-back code.
    CODE_MALFORMED = "code_malformed"
    LAST_FOUR_MALFORMED = "last_four_malformed"
    TOO_MANY_CODE_CHECKS = "too_many_code_checks"

    # A supervisor's decision about a case.
    REASON_MISSING = "reason_missing"
    CASE_ENDED = "case_ended"
    CASE_OPEN = "case_open"
    CASE_WITHDRAWN = "case_withdrawn"
    OTHER_CASE_OPEN = "other_case_open"
    CASE_PAUSED = "case_paused"
    CASE_NOT_PAUSED = "case_not_paused"
    PAUSE_ENDS_IN_THE_PAST = "pause_ends_in_the_past"
    PAUSE_TOO_LONG = "pause_too_long"
    NOTHING_TO_REVIVE = "nothing_to_revive"
    WRONG_RESOLUTION = "wrong_resolution"
    WRONG_RELATION = "wrong_relation"
    NO_CONTACT_TO_CALL = "no_contact_to_call"
    WRONG_BANK_REQUEST = "wrong_bank_request"
    NO_GROUND_FOR_MEASURE = "no_ground_for_measure"
    ADDRESS_EXPIRED = "address_expired"
    INSTRUCTION_NOT_JOINED = "instruction_not_joined"
    INSTRUCTION_OF_TWO_SOURCES = "instruction_of_two_sources"
    INSTRUCTION_WITHDRAWN = "instruction_withdrawn"

    # A roster.
    ROSTER_EMPTIES_RUNGS = "roster_empties_rungs"

    # Who acts.
    NO_ROSTER = "no_roster"
    NAME_MISSING = "name_missing"
    NOT_ON_ROSTER = "not_on_roster"
    WRONG_ROLE = "wrong_role"
    WRONG_UNIT = "wrong_unit"
    UNIT_UNKNOWN = "unit_unknown"
    NOT_OF_CENTRE = "not_of_centre"

    # An officer's step in a visit.
    NO_OFFICER = "no_officer"
    OFFICER_LEFT = "officer_left"
    OFFICER_HAS_VISIT = "officer_has_visit"
    VISIT_UNASSIGNED = "visit_unassigned"
    VISIT_OF_ANOTHER_OFFICER = "visit_of_another_officer"
    WRONG_VISIT_STATE = "wrong_visit_state"
    CASE_ENDED_DURING_VISIT = "case_ended_during_visit"
    WRONG_VISIT_RESULT = "wrong_visit_result"
    WRONG_ADDRESS_RESULT = "wrong_address_result"
    RETURN_REASON_MISSING = "return_reason_missing"
    NO_SUCH_ADDRESS = "no_such_address"
    ADDRESSES_NOT_TRIED = "addresses_not_tried"
    GUARDIAN_ANSWER_MISSING = "guardian_answer_missing"
    LOSS_ANSWER_MISSING = "loss_answer_missing"
    UNKNOWN_LOSS_WITHOUT_FRAUD = "unknown_loss_without_fraud"
    VISIT_NOT_REPORTED = "visit_not_reported"
    PERSON_ERASED = "person_erased"
    PERSONAL_DATA_UNREADABLE = "personal_data_unreadable"

    # A visit that is for another unit.
    VISIT_OF_THIS_UNIT = "visit_of_this_unit"
    NO_SUCH_TRANSFER = "no_such_transfer"
    ANSWER_OF_OFFERING_UNIT = "answer_of_offering_unit"
    VISIT_NOT_WITH_OTHER_CENTRE = "visit_not_with_other_centre"

    # A work item's form.
    WORK_ITEM_DONE = "work_item_done"
    WORK_ITEM_TAKEN = "work_item_taken"
    WORK_ITEM_NEEDS_ACT = "work_item_needs_act"
    FOLLOW_UP_OUTCOME_MISSING = "follow_up_outcome_missing"
    OUTCOME_WITHOUT_FOLLOW_UP = "outcome_without_follow_up"
    LOSS_WITHOUT_FRAUD = "loss_without_fraud"

    # A person's hold on a provider.
    PROVIDER_PAUSED = "provider_paused"
    PROVIDER_IN_USE = "provider_in_use"
