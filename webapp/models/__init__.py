"""Tables: columns, constraints, relations. Importing the package registers them all for Alembic."""

from webapp.models.accounts import Account, SignIn, Throttle
from webapp.models.base import Base
from webapp.models.conversations import Conversation, Message
from webapp.models.jobs import Draft, Job, PeriodicRun, QueueHead
from webapp.models.knowledge import Document, KnowledgeIndex, PassageRow

__all__ = [
    "Account",
    "Base",
    "Conversation",
    "Document",
    "Draft",
    "Job",
    "KnowledgeIndex",
    "Message",
    "PassageRow",
    "PeriodicRun",
    "QueueHead",
    "SignIn",
    "Throttle",
]
