"""Tables: columns, constraints, relations. Importing the package registers them all for Alembic."""

from webapp.models.accounts import Account, SignIn, Throttle
from webapp.models.base import Base
from webapp.models.conversations import Conversation, Message, SavedReply, StaffDraft
from webapp.models.firm import Change, Erasure, Firm, Link
from webapp.models.jobs import Draft, Job, PeriodicRun, QueueHead
from webapp.models.knowledge import Document, KnowledgeIndex, PassageRow
from webapp.models.operations import ModelUse, Pause
from webapp.models.photos import Attachment, AttachmentFile, Fact, RemovedFile
from webapp.models.search import ConversationSearch, SearchDue
from webapp.models.stats import KeptStats

__all__ = [
    "Account",
    "Attachment",
    "AttachmentFile",
    "Base",
    "Change",
    "Conversation",
    "ConversationSearch",
    "Document",
    "Draft",
    "Erasure",
    "Fact",
    "Firm",
    "Job",
    "KeptStats",
    "KnowledgeIndex",
    "Link",
    "Message",
    "ModelUse",
    "PassageRow",
    "Pause",
    "PeriodicRun",
    "QueueHead",
    "RemovedFile",
    "SavedReply",
    "SearchDue",
    "SignIn",
    "StaffDraft",
    "Throttle",
]
