"""Celery configuration, nothing else. Why each value: docs/celery.md."""

from dispatcher.settings import redis_url

broker_url = redis_url()
broker_connection_retry_on_startup = True
broker_channel_error_retry = True
broker_connection_max_retries = None
broker_transport_options = {
    "visibility_timeout": 60,  # seconds; a wake-up takes none
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    "queue_order_strategy": "priority",
    "max_connections": 12,
    "socket_keepalive": True,
    "socket_connect_timeout": 5,
    "health_check_interval": 10,
}

# PostgreSQL holds the results; a message only wakes a worker up.
task_ignore_result = True
result_backend = None
task_acks_late = True
task_reject_on_worker_lost = True
task_track_started = False
task_send_sent_event = False
worker_send_task_events = False
worker_enable_remote_control = False
worker_prefetch_multiplier = 1
worker_soft_shutdown_timeout = 10
worker_enable_soft_shutdown_on_idle = False
worker_hijack_root_logger = False
worker_redirect_stdouts = False

task_serializer = "json"
accept_content = ["json"]
task_publish_retry_policy = {"max_retries": 2, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.2}

# The default queue is the intake queue, so that an existing client reaches us with nothing but a broker URL.
task_default_queue = "celery"
task_routes = {
    "intake": {"queue": "celery"},
    "settle_receipts": {"queue": "casework"},
    "advance_due": {"queue": "casework"},
}
timezone = "UTC"
