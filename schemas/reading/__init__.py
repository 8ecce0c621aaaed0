"""How sources really write things: dates, amounts, yes and no, several numbers in one field.

A reader is given a value and returns what it means. What it can't read it returns as it is, and the model refuses it.
What is read but doubtful it names to `doubt`.
"""

from collections.abc import Callable

Doubt = Callable[[str], None]
