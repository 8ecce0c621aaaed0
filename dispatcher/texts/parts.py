"""How many short messages a text takes (3GPP TS 23.038, 23.040): a gateway charges each, and they may arrive apart."""

import gsm0338

_GSM = gsm0338.Codec()
# Units of text in one message, and in each of several behind its header: septets, or UTF-16 units.
_GSM7, _UCS2 = (160, 153), (70, 67)
_ESCAPE = 0x1B


def parts(text: str) -> tuple[str, int]:
    """The alphabet that the text needs, GSM-7 or UCS-2, and the number of messages.

    An adapter that always sends UCS-2, as `smpp` does, may need more.
    """
    try:
        _GSM.encode(text)
    except UnicodeEncodeError:
        return "UCS-2", _count([len(each.encode("utf-16-be")) // 2 for each in text], *_UCS2)
    # What needs an escape is two septets, which stay together.
    return "GSM-7", _count([2 if _ESCAPE in _GSM.encode(each)[0] else 1 for each in text], *_GSM7)


def _count(sizes: list[int], whole: int, part: int) -> int:
    """Characters are never cut in two, so a part may end one unit early."""
    if sum(sizes) <= whole:
        return 1
    count, free = 1, part
    for size in sizes:
        if size > free:
            count, free = count + 1, part
        free -= size
    return count
