"""Waiting for PostgreSQL: a transaction that found it away, or lost a deadlock, is run again as a whole."""

from sqlalchemy.exc import OperationalError
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_random_exponential

waits_for_database = retry(
    retry=retry_if_exception_type(OperationalError),
    wait=wait_random_exponential(multiplier=0.1, max=3),
    stop=stop_after_delay(120),
    reraise=True,
)
