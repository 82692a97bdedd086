"""Tables: columns, constraints, relations. Importing the package registers them all for Alembic."""

from webapp.models.accounts import Account, SignIn, Throttle
from webapp.models.base import Base
from webapp.models.conversations import Conversation, Message, SavedReply, StaffDraft
from webapp.models.firm import Change, Erasure, Firm, Link
from webapp.models.jobs import Draft, Job, PeriodicRun, QueueHead
from webapp.models.knowledge import Document, KnowledgeIndex, PassageRow
from webapp.models.search import ConversationSearch, SearchDue

__all__ = [
    "Account",
    "Base",
    "Change",
    "Conversation",
    "ConversationSearch",
    "Document",
    "Draft",
    "Erasure",
    "Firm",
    "Job",
    "KnowledgeIndex",
    "Link",
    "Message",
    "PassageRow",
    "PeriodicRun",
    "QueueHead",
    "SavedReply",
    "SearchDue",
    "SignIn",
    "StaffDraft",
    "Throttle",
]
