"""The Celery app and its thin tasks: each wakes the loop of its worker that does the work.

Start workers with (docs/celery.md says why threads and why one each):

    celery -A tasks worker -P threads -c 1 -Q delivery -n delivery-1@%h    (one for each core)
    celery -A tasks worker -P threads -c 1 -Q casework,celery -n casework@%h
    celery -A tasks worker -P threads -c 1 -Q link.NAME -n link.NAME@%h    (one for each provider that has a link)
"""

from tasks import casework, deliver, intake, link, loops, worker
from tasks.celery_app import app

# Importing the tasks registers them with the app.
__all__ = ["app", "casework", "deliver", "intake", "link", "loops", "worker"]
