"""Retries of a whole transaction: after an outage of PostgreSQL, or after it lost a deadlock."""

from psycopg.errors import DeadlockDetected
from sqlalchemy.exc import OperationalError
from tenacity import (
    retry,
    retry_if_exception,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_random,
    wait_random_exponential,
)

retry_on_outage = retry(
    retry=retry_if_exception_type(OperationalError),
    wait=wait_random_exponential(multiplier=0.1, max=3),
    stop=stop_after_delay(120),
    reraise=True,
)

# For callers that wait for an answer: a deadlock is run again, an outage is for them to know.
retry_on_deadlock = retry(
    retry=retry_if_exception(lambda error: isinstance(getattr(error, "orig", None), DeadlockDetected)),
    wait=wait_random(max=0.2),
    stop=stop_after_attempt(5),
    reraise=True,
)
