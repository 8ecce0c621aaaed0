"""The Celery app and its thin tasks: open a session, call one use case, wake what is due.

Start workers with (docs/celery.md says why threads and why one each):

    celery -A tasks worker -P threads -c 1 -Q urgent   -n urgent@%h
    celery -A tasks worker -P threads -c 1 -Q routine  -n routine@%h
    celery -A tasks worker -P threads -c 1 -Q casework,celery -n casework@%h
    celery -A tasks worker -P threads -c 1 -Q link.NAME -n link.NAME@%h    (one for each provider that has a link)
"""

import sys

from celery import Celery

from dispatcher.errors import OperatorError

app = Celery("tasks", set_as_current=True)
try:
    app.config_from_object("celeryrc", force=True)
except OperatorError as error:
    sys.exit(str(error))

from tasks import casework, deliver, intake, link, worker  # noqa: E402 - they register themselves with the app

__all__ = ["app", "casework", "deliver", "intake", "link", "worker"]
