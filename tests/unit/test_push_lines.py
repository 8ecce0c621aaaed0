"""How `push` reads: many lines at once where they are there, and none waits for one that is still to come."""

import io
import os

from dispatcher.cli.push import lines_there
from dispatcher.intake import batch


def test_what_trickles_in_is_taken_as_it_comes() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as stream, open(writing, "wb", buffering=0) as source:  # noqa: PTH123 - a descriptor
        found = lines_there(stream)
        source.write(b"one\n")
        assert next(found) == [(1, b"one")]
        source.write(b"two\n\nfo")
        assert next(found) == [(2, b"two")]
        source.write(b"ur\r\nfive")
        assert next(found) == [(4, b"four")]
        source.close()
        assert list(found) == [[(5, b"five")]]


def test_what_is_there_is_taken_by_slices() -> None:
    count = 2 * batch.SLICE + 1
    stream = io.BufferedReader(io.BytesIO(b"".join(b"%d\n" % each for each in range(1, count + 1))))
    found = list(lines_there(stream))
    assert [len(each) for each in found] == [batch.SLICE, batch.SLICE, 1]
    assert [each for slice_ in found for each in slice_] == [(each, b"%d" % each) for each in range(1, count + 1)]


def test_nothing_is_no_line() -> None:
    assert list(lines_there(io.BufferedReader(io.BytesIO(b"\n \n")))) == []
