"""Waiting for PostgreSQL: a transaction that found it away, or lost a deadlock, is run again as a whole."""

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

# For whoever waits for an answer: a deadlock is ours to run again, a database that is away is theirs to know.
retry_on_deadlock = retry(
    retry=retry_if_exception(lambda error: isinstance(getattr(error, "orig", None), DeadlockDetected)),
    wait=wait_random(max=0.2),
    stop=stop_after_attempt(5),
    reraise=True,
)
