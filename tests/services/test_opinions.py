"""What customers think of replies, as staff reads it while it changes."""

from __future__ import annotations

from tests.services.work import answer, identity, say, transaction
from webapp.models import Message
from webapp.services import conversations


def test_a_reply_rated_between_two_looks_is_rated_in_the_second(database_url: str) -> None:
    with transaction(database_url) as session:
        client = identity(session)
        sent = say(session, client)
        assert answer(session, sent.job_id)
    with transaction(database_url) as reader:
        read = reader.query(Message).filter_by(reply_to=sent.message_id).one()
        with transaction(database_url) as other:
            conversations.rate(other, client, read.id, "up", "Merci")
        assert conversations.opinions(reader, sent.conversation_id) == [conversations.Opinion(read.id, "up", "Merci")]
