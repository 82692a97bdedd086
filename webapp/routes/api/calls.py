"""What each route of the API takes and gives; /api/openapi.json is written from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from webapp.routes.schemas import (
    accounts,
    closing,
    conversations,
    desk,
    facts,
    jobs,
    knowledge,
    messages,
    operations,
    people,
    profile,
    stats,
)

if TYPE_CHECKING:
    from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Call:
    """What a route takes and gives.

    `answers` maps a status to its model, None where there is no body; `file` is the media type of a 200 that is none.
    """

    summary: str
    answers: dict[int, type[BaseModel] | None]
    body: type[BaseModel] | None = None
    form: dict[str, Any] | None = None
    file: str | None = None
    query: tuple[str, ...] = ()
    needs_key: bool = False
    problems: tuple[int, ...] = field(default=(400, 401, 403, 404, 409, 413, 415, 422, 429, 503))


FILE_FORM = {
    "file": {"type": "string", "format": "binary"},
    "audience": {"type": "string", "enum": ["public", "internal"], "default": "public"},
}

IMAGES_FORM = {
    "images": {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1, "maxItems": 5},
    "message": {"type": "string"},
    "conversation_id": {"type": "string"},
}

CALLS: dict[str, Call] = {
    "api.register": Call(
        "Create a customer's account and sign in", {201: accounts.UserEnvelopeOut}, accounts.RegisterIn
    ),
    "api.login": Call("Sign in", {200: accounts.UserEnvelopeOut}, accounts.LoginIn),
    "api.refresh": Call("Renew the session", {200: accounts.UserEnvelopeOut}),
    "api.logout": Call("Sign out", {204: None}),
    "api.who_am_i": Call("Who is signed in", {200: accounts.UserEnvelopeOut}),
    "api.chat": Call(
        "Send a message",
        {202: conversations.AcceptedOut, 200: conversations.AcceptedOut},
        messages.ChatIn,
        needs_key=True,
    ),
    "api.upload_images": Call(
        "Send pictures and PDFs, with or without words",
        {202: conversations.AcceptedOut, 200: conversations.AcceptedOut},
        form=IMAGES_FORM,
        needs_key=True,
    ),
    "api.attachment": Call("See a cleaned picture", {200: None, 304: None}, file="image/*", query=("variant", "page")),
    "api.decide_fact": Call("Say whether what was read in a picture is right", {204: None}, facts.FactIn),
    "api.job": Call("Follow a job", {200: jobs.JobOut, 304: None}),
    "api.conversations": Call(
        "List conversations",
        {200: conversations.ConversationListOut},
        query=("status", "q", "assignee", "unread", "language", "client", "sort", "cursor", "limit"),
    ),
    "api.conversation": Call(
        "Read a conversation from a seq on", {200: conversations.ConversationOut, 304: None}, query=("after",)
    ),
    "api.patch_conversation": Call(
        "Change a conversation", {200: conversations.ConversationOut}, conversations.ConversationPatchIn
    ),
    "api.speak": Call(
        "Answer as a person, with or without files",
        {201: messages.MessageOut},
        messages.StaffMessageIn,
        form={"images": IMAGES_FORM["images"], "content": {"type": "string"}},
    ),
    "api.draft": Call("My draft in a conversation", {200: desk.DraftOut}),
    "api.keep_draft": Call("Keep my draft; empty removes it", {200: desk.DraftOut}, desk.DraftIn),
    "api.delete_draft": Call("Remove my draft", {204: None}),
    "api.ask_proposal": Call("What the assistant would answer", {202: desk.ProposalAcceptedOut}),
    "api.list_saved_replies": Call("Saved replies by title", {200: desk.SavedReplyListOut}),
    "api.add_saved_reply": Call("Save a reply", {201: desk.SavedReplyOut}, desk.SavedReplyIn),
    "api.change_saved_reply": Call("Change a saved reply", {200: desk.SavedReplyOut}, desk.SavedReplyIn),
    "api.delete_saved_reply": Call("Remove a saved reply", {204: None}),
    "api.handoff": Call("Ask for a person", {200: conversations.ConversationOut}, conversations.HandoffIn),
    "api.reopen": Call("Reopen a conversation", {200: conversations.ConversationOut}),
    "api.close": Call(
        "Close a conversation", {202: conversations.ClosedOut, 200: conversations.DeletedOut}, conversations.CloseIn
    ),
    "api.feedback": Call("Rate a reply", {204: None}, messages.FeedbackIn),
    "api.edit_summary": Call("Correct a summary", {200: conversations.ConversationOut}, closing.SummaryIn),
    "api.closing_feedback": Call("Say a word on a closed conversation", {204: None}, closing.ClosingFeedbackIn),
    "api.export": Call(
        "The whole conversation, as JSON or as a page to keep", {200: conversations.ConversationOut}, query=("format",)
    ),
    "api.add_document": Call("Add a document", {202: knowledge.DocumentAcceptedOut}, form=FILE_FORM),
    "api.documents": Call("List documents", {200: knowledge.DocumentListOut}, query=("cursor", "limit")),
    "api.document": Call("Read a document's state", {200: knowledge.DocumentOut}),
    "api.delete_document": Call("Withdraw a document", {204: None}),
    "api.index": Call("State of the index", {200: knowledge.IndexOut}),
    "api.search": Call("Search the documents", {202: knowledge.SearchAcceptedOut}, knowledge.SearchIn),
    "api.users": Call("The firm's people", {200: people.StaffListOut}, query=("cursor", "limit")),
    "api.invite": Call("Invite somebody by a one-time link", {201: people.PersonRowOut}, people.PersonIn),
    "api.change_person": Call("Change a role, deactivate", {200: people.PersonRowOut}, people.PersonPatchIn),
    "api.read_settings": Call("The firm's choices", {200: people.FirmOut}),
    "api.change_settings": Call("Change the firm's choices", {200: people.FirmOut}, people.FirmIn),
    "api.my_profile": Call("My profile", {200: profile.ProfileOut}),
    "api.change_my_profile": Call("Change my profile", {200: profile.ProfileOut}, profile.ProfileIn),
    "api.export_me": Call("Everything about me, as a zip", {200: None}, file="application/zip"),
    "api.erase_me": Call("Erase me", {202: profile.ErasedOut}, profile.EraseIn),
    "api.figures": Call("Figures of the desk", {200: stats.StatsOut}, query=("period",)),
    "api.operations": Call("State of the service", {200: operations.OperationsOut, 304: None}),
    "api.pause": Call("Have the assistant or a queue stand still", {200: operations.OperationsOut}, operations.PauseIn),
    "api.resume": Call("Let it move again", {200: operations.OperationsOut}),
    "api.retry_job": Call("Have open work begin again", {200: operations.OperationsOut}),
    "api.give_up_job": Call("End open work: a question goes to a person", {200: operations.OperationsOut}),
    "api.document_api": Call("This description", {200: None}, problems=()),
}
