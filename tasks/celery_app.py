"""The Celery app, configured by celeryrc.py."""

import sys

from celery import Celery

from dispatcher.errors import OperatorError

app = Celery("tasks", set_as_current=True)
try:
    app.config_from_object("celeryrc", force=True)
except OperatorError as error:
    sys.exit(str(error))
