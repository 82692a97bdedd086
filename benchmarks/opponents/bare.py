"""The bare views our accept and poll are held against: `gunicorn -c gunicorn.conf.py benchmarks.opponents.bare:app`.

The same cookie check (signature, expiry, CSRF), the same session row, the same three writes into the same tables under
the same constraints, one commit. No key, no limits, no ownership, no validation, no place in line, no headers, no
metrics. `/orm/...` is what one would write first; `/sql/...` the same as plain SQL, which no library makes slower.
"""

from __future__ import annotations

import hashlib
import os
from uuid import UUID

from flask import Flask, Response, jsonify, request
from flask_jwt_extended import JWTManager, get_jwt, verify_jwt_in_request
from sqlalchemy import create_engine, func, text
from sqlalchemy.orm import Session, sessionmaker
from uuid_utils.compat import uuid7

from webapp.domain import Author, JobKind, Language, Queue
from webapp.models import Conversation, Job, Message, SignIn
from webapp.settings import load

THREADS = 4
_SIGN_IN = text("SELECT account_id, ended_at FROM sign_in WHERE id = :id")
_CONVERSATION = text("""
INSERT INTO conversation (id, client_id, subject, language, status, assistant_on, no_answers, staff_seen_seq,
                          summary_state, last_seq, last_client_seq, version)
VALUES (:id, :client, :subject, 'fr', 'new', true, 0, 0, 'none', 1, 1, 1)
""")
_MESSAGE = text("""
INSERT INTO message (id, conversation_id, seq, role, author_id, content, idempotency_key, content_digest, owes_reply,
                     reply_job_id)
VALUES (:id, :conversation, 1, 'client', :client, :content, :key, :digest, true, :job)
""")
_JOB = text("""
INSERT INTO job (id, kind, queue, number, status, requester_id, conversation_id, message_id, attempts, crashes, fence,
                 deadline_at)
VALUES (:id, 'reply', 'replies', nextval('job_number_replies'), 'queued', :client, :conversation, :message, 0, 0, 0,
        clock_timestamp() + interval '10 minutes')
""")
_ONE_JOB = text("SELECT id, status, number FROM job WHERE id = :id")

app = Flask(__name__)
app.config.from_mapping(
    JWT_SECRET_KEY=os.environ["SECRET_KEY"],
    JWT_ALGORITHM="HS256",
    JWT_TOKEN_LOCATION=["cookies"],
    JWT_ACCESS_COOKIE_NAME=f"{os.environ['COOKIES_OF']}_access_token",
    JWT_ACCESS_CSRF_COOKIE_NAME=f"{os.environ['COOKIES_OF']}_csrf_access_token",
    JWT_COOKIE_CSRF_PROTECT=True,
)
JWTManager(app)
sessions = sessionmaker(create_engine(load().database_url, pool_size=THREADS), expire_on_commit=False)


def _account(session: Session) -> UUID:
    verify_jwt_in_request()
    return session.get_one(SignIn, UUID(get_jwt()["sid"])).account_id


@app.post("/orm/accept")
def accept() -> tuple[Response, int]:
    with sessions() as session:
        client = _account(session)
        content = request.get_json()["message"]
        number = session.scalar(func.nextval("job_number_replies"))
        case = Conversation(id=uuid7(), client_id=client, subject=content[:80], language=Language.FR, last_seq=1)
        job_id, message_id = uuid7(), uuid7()
        said = Message(
            id=message_id,
            conversation_id=case.id,
            seq=1,
            role=Author.CLIENT,
            author_id=client,
            content=content,
            idempotency_key=request.headers["Idempotency-Key"],
            content_digest=hashlib.sha256(content.encode()).hexdigest(),
            owes_reply=True,
            reply_job_id=job_id,
        )
        job = Job(
            id=job_id,
            kind=JobKind.REPLY,
            queue=Queue.REPLIES,
            number=number,
            requester_id=client,
            conversation_id=case.id,
            message_id=message_id,
            deadline_at=func.clock_timestamp() + text("interval '10 minutes'"),
        )
        session.add_all([case, said, job])
        session.commit()
    return jsonify(conversation_id=str(case.id), message_id=str(message_id), job_id=str(job_id)), 202


@app.post("/sql/accept")
def accept_plainly() -> tuple[Response, int]:
    verify_jwt_in_request()
    with sessions() as session:
        client = session.execute(_SIGN_IN, {"id": get_jwt()["sid"]}).one().account_id
        content = request.get_json()["message"]
        case, message, job = uuid7(), uuid7(), uuid7()
        of_all = {"client": client, "conversation": case}
        session.execute(_CONVERSATION, {"id": case, "client": client, "subject": content[:80]})
        digest = hashlib.sha256(content.encode()).hexdigest()
        said = {"id": message, "content": content, "key": request.headers["Idempotency-Key"], "digest": digest}
        session.execute(_MESSAGE, {**of_all, **said, "job": job})
        session.execute(_JOB, {**of_all, "id": job, "message": message})
        session.commit()
    return jsonify(conversation_id=str(case), message_id=str(message), job_id=str(job)), 202


@app.get("/orm/jobs/<job_id>")
def poll(job_id: str) -> Response:
    verify_jwt_in_request()
    with sessions() as session:
        job = session.get_one(Job, UUID(job_id))
        return jsonify(id=str(job.id), status=job.status, number=job.number)


@app.get("/sql/jobs/<job_id>")
def poll_plainly(job_id: str) -> Response:
    verify_jwt_in_request()
    with sessions() as session:
        job = session.execute(_ONE_JOB, {"id": job_id}).one()
        return jsonify(id=str(job.id), status=job.status, number=job.number)
