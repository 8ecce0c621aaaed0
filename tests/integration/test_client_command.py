"""client: entered, given new keys, struck out; mistakes are one line."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from casework_fixture import CaseworkFixture
from test_cli import Run

CREATE = ["client", "create", "north", "--system", "north-platform"]
