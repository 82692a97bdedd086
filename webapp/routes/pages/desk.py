"""The desk's parts beside the messages: the list by what needs a person now, the case, the help with an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Response, make_response, render_template, request

from webapp.domain import ConversationStatus, HandoverReason, JobKind, Language
from webapp.errors import InvalidError, NotFoundError
from webapp.extensions import db
from webapp.routes import access, views
from webapp.routes.access import me
from webapp.routes.answers import strong
from webapp.routes.locale import language
from webapp.routes.pages.blueprint import pages
from webapp.routes.pages.display import client_texts
from webapp.routes.requests import an_id, read_cursor
from webapp.services import conversations as cases
from webapp.services import desk, drafts, polling, saved_replies, standing
from webapp.services.lists import Filter
from webapp.texts import catalogue

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from webapp.models import Account, Conversation, SavedReply
    from webapp.routes.schemas.conversations import ConversationItemOut, ConversationListOut, ConversationOut
    from webapp.routes.schemas.jobs import JobOut

PER_PAGE = 30
MOST_WAITING = 100
SCRIPT_TEXTS = "desk.script."


@dataclass(frozen=True, slots=True)
class Asked:
    """How the list is filtered, as its form says; it goes along in every address of the desk."""

    q: str
    status: ConversationStatus | None
    assignee: str
    language: Language | None
    unread: bool
    cursor: str | None

    @classmethod
    def read(cls) -> Asked:
        """Read the address.

        Raises:
            InvalidError: it filters by what does not exist.
        """
        given = request.args
        status, spoken, assignee = (given.get(name, "") for name in ("status", "language", "assignee"))
        for name, value, known in (("status", status, ConversationStatus), ("language", spoken, Language)):
            if value and value not in list(known):
                raise InvalidError(field=name)
        return cls(
            given.get("q", "").strip()[:200],
            ConversationStatus(status) if status else None,
            assignee,
            Language(spoken) if spoken else None,
            bool(given.get("unread")),
            given.get("cursor"),
        )

    @property
    def filters(self) -> dict[str, str]:
        """The filters in force, as the address says them."""
        said = {
            "q": self.q,
            "status": self.status or "",
            "assignee": self.assignee,
            "language": self.language or "",
            "unread": "1" if self.unread else "",
        }
        return {name: str(value) for name, value in said.items() if value}

    def address(self, path: str, **more: str) -> str:
        """Return a path of the desk with these filters, and more where it is not empty."""
        values = self.filters | {name: value for name, value in more.items() if value}
        return f"{path}?{urlencode(values)}" if values else path


@dataclass(frozen=True, slots=True)
class Listing:
    """The list: who waits for a person, the longest first but for dangers, then the others by activity.

    `customers` counts who waits, where the list is of everybody; `longest` is the case that waits the longest.
    """

    asked: Asked
    waiting: Sequence[ConversationItemOut]
    others: Sequence[ConversationItemOut]
    next_cursor: str | None
    customers: int | None = None
    longest: UUID | None = None


def listing(asked: Asked) -> Listing:
    """Return the list as asked for."""
    waits = asked.status is ConversationStatus.WAITING_STAFF
    if waits:
        found = _find(asked, PER_PAGE, asked.cursor, by_wait=True)
        return Listing(asked, found.items, [], found.next_cursor, longest=_first(found.items, asked))
    everything = asked.status is None
    waiting = _find(asked, MOST_WAITING, None, by_wait=True).items if everything and not asked.cursor else []
    found = _find(asked, PER_PAGE, asked.cursor, by_wait=False)
    others = [item for item in found.items if item.waiting_since is None] if everything else found.items
    return Listing(
        asked, sorted(waiting, key=_is_no_danger), others, found.next_cursor, _customers(asked), _first(waiting, asked)
    )


def _is_no_danger(item: ConversationItemOut) -> bool:
    return item.handover_reason is not HandoverReason.SAFETY


def _first(by_wait: Sequence[ConversationItemOut], asked: Asked) -> UUID | None:
    return by_wait[0].id if by_wait and not asked.cursor else None


def _customers(asked: Asked) -> int | None:
    return None if asked.filters or asked.cursor else standing.for_a_person(db.session()).customers


def _find(asked: Asked, limit: int, cursor: str | None, *, by_wait: bool) -> ConversationListOut:
    given = {"me": me().account_id, "": None, "none": None}
    return views.listing(
        Filter(
            asked.status,
            given[asked.assignee] if asked.assignee in given else an_id(asked.assignee),
            by_wait,
            read_cursor(cursor),
            limit,
            unassigned=asked.assignee == "none",
            unread=asked.unread or None,
            language=asked.language,
            q=asked.q,
        )
    )


@dataclass(frozen=True, slots=True)
class Help:
    """What helps with an answer: the draft kept so far, texts to insert, what the assistant proposes."""

    draft: str
    saved_replies: Sequence[SavedReply]
    proposal: JobOut | None


def help_with(conversation: ConversationOut) -> Help:
    """Return the help for the one who answers; the address names the proposal that was asked for with no script."""
    draft = drafts.read(db.session(), me(), conversation.id)
    asked = request.args.get("proposal")
    found = proposal(asked, conversation.id) if asked else None
    return Help(draft.content if draft else "", saved_replies.find(db.session()), found)


def proposal(job_id: str, conversation_id: UUID) -> JobOut | None:
    """Return a proposal made for this case; an address from elsewhere shows none."""
    try:
        view = polling.job(db.session(), me(), an_id(job_id))
    except NotFoundError:
        return None
    mine = view.kind is JobKind.PROPOSAL and view.conversation_id == conversation_id
    return views.job(view) if mine else None


@dataclass(frozen=True, slots=True)
class Case:
    """What stands beside a conversation: the customer, why a person, who may take it, what else they wrote."""

    row: Conversation
    colleagues: Sequence[Account]
    others: Sequence[Conversation]


def case_of(conversation_id: UUID) -> Case:
    """Return a case to stand beside its conversation; looking at it marks it seen."""
    row = cases.get(db.session(), me(), conversation_id)
    desk.mark_seen(db.session(), row)
    db.session.commit()
    return Case(row, desk.colleagues(db.session()), desk.others_of(db.session(), row))


@pages.get("/conversations/list")
@access.staff
def list_fragment() -> Response:
    """The list alone, for a page that stays open."""
    current = request.args.get("current", "")
    page = render_template("desk_list.html", listing=listing(Asked.read()), current=current)
    response = make_response(page)
    response.set_etag(strong(page))
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


@pages.get("/conversations/<conversation_id>/case")
@access.staff
def case_fragment(conversation_id: str) -> str:
    """The case alone, for a page that stays open."""
    case = case_of(an_id(conversation_id))
    return render_template("components/case.html", conversation=views.conversation(case.row.id), case=case)


@pages.app_template_global()
def desk_texts() -> dict[str, str]:
    """Return the words the desk's scripts say, under their keys without `desk.`."""
    texts = catalogue(language()).items()
    return client_texts() | {key.removeprefix("desk."): text for key, text in texts if key.startswith(SCRIPT_TEXTS)}
