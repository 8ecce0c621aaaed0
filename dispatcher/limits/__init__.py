"""Limits 限额: no more to a provider, or to one number through it, than its contract allows, over all workers.

A message takes a place in every window that counts it, all at one moment or none. A place is free again one length of
the window after the answer: whenever the provider counted the message, it was between the taking and the answer, so
that it never sees more than is allowed, however long anything took in between. A line is a window of no length.
"""

from dispatcher.limits.limiter import Booking, Full, Left, Limiter, limits_of
from dispatcher.limits.shared import ERRORS, Shared

__all__ = ["ERRORS", "Booking", "Full", "Left", "Limiter", "Shared", "limits_of"]
