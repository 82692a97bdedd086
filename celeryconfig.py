"""Queues, routes and limits of the workers, each with its why. No address and no secret stands here.

A ticket on Redis is a hint that holds a job id; PostgreSQL holds the truth. Hence no results, no retries, no eta,
no late acknowledgement: the job row does all of that, and losing or doubling a ticket is harmless.
"""

from kombu import Queue

task_queues = [Queue(name, routing_key=name) for name in ("replies", "images", "background", "documents")]
task_default_queue = "background"
task_create_missing_queues = False  # a queue nobody consumes is a fault, not a wish
task_routes = {
    "tasks.replies.*": {"queue": "replies"},
    "tasks.summaries.*": {"queue": "background"},
    "tasks.notices.*": {"queue": "background"},
    "tasks.proposals.*": {"queue": "background"},
    "tasks.stats.*": {"queue": "background"},
    "tasks.looking.*": {"queue": "background"},
    "tasks.knowledge.search": {"queue": "background"},
    "tasks.knowledge.ingest": {"queue": "documents"},
    "tasks.photos.*": {"queue": "images"},
}

# Whoever can write to Redis can send any ticket: JSON only, and the claim checks the rest in PostgreSQL.
accept_content = ["json"]
task_serializer = "json"
task_ignore_result = True
task_store_errors_even_if_ignored = False
task_acks_late = False
task_publish_retry = False  # the dispatcher's next round is the retry

# A sick Redis is noticed in seconds, and reconnected to for ever.
broker_connection_timeout = 2
broker_connection_max_retries = None
broker_connection_retry_on_startup = True
broker_pool_acquire_timeout = 2
broker_transport_options = {
    # Redis keeps no copy of a ticket that is being followed: the job's row is watched, and its worker's lock.
    "ack_emulation": False,
    "socket_timeout": 5,  # longer than the one second a worker waits for a ticket
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 10,
}

# A ticket taken in advance waits behind a busy slot while another process may have a free one (tasks/slots.py).
worker_prefetch_multiplier = 1
worker_disable_prefetch = True
worker_cancel_long_running_tasks_on_connection_loss = True
worker_proc_alive_timeout = 60  # a child that imports for five seconds is not dead
worker_hijack_root_logger = False
worker_consumer = "tasks.events:Consumer"
worker_send_task_events = True
task_send_sent_event = True
# Only prefork children obey these; replies and background are bounded by the model client's own deadline, and by
# tasks/memory.py.
task_soft_time_limit = 280
task_time_limit = 300
worker_max_tasks_per_child = 50
worker_max_memory_per_child = 800_000
