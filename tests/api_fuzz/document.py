"""Print the API's OpenAPI document: python -m tests.api_fuzz.document. Needs no database."""

import json
import sys
from typing import Any, cast

from sqlalchemy.orm import sessionmaker

from dispatcher.settings import Settings
from dispatcher.setup import Services
from dispatcher.web.api import app

if __name__ == "__main__":
    services = Services(Settings(redis_url="redis://127.0.0.1:9/0"), sessionmaker(), cast("Any", None))
    sys.stdout.write(json.dumps(app.make(services).openapi(), ensure_ascii=False))
