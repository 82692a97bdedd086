"""A storage that is away delays the reading of a document; only a file that is gone fails it, and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launcher.ports import LOOPBACK, free_port
from tests.fakes.object_store import ObjectStore
from tests.tasks import desk
from webapp.domain import Role
from webapp.storage import open_storage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.harness.api import ApiClient, Json
    from tests.harness.stack import Stack


def _upload(admin: ApiClient, name: str) -> Json:
    files = {"file": (name, f"# {name}\n\n{desk.FACT}\n".encode())}
    accepted: Json = admin.post("/api/knowledge/documents", files=files, data={"audience": "public"}).json()
    return accepted


def test_documents_whose_storage_is_away_and_whose_file_is_gone(
    new_stack: Callable[..., Stack], database_url: str, redis_url: str, tmp_path: Path
) -> None:
    with ObjectStore(tmp_path) as store:
        stack = new_stack(database_url, redis_url, STORAGE_URL=store.url, STORAGE_OPTIONS=store.options)
        stack.start(workers={})
        admin = stack.staff(Role.ADMIN)
        waits, gone = _upload(admin, "attend.md"), _upload(admin, "perdu.md")
        job_id, lost_id = waits["job"]["id"], gone["job"]["id"]
        (key,) = desk.job(database_url, lost_id, "(SELECT storage_key FROM document WHERE id = document_id)")
        open_storage(stack.settings, "documents").delete(str(key))
        away = store.options.replace(store.address, f"http://{LOOPBACK}:{free_port()}")
        stack.environ["STORAGE_OPTIONS"] = away
        stack.start(web=False, dispatcher=0, workers={"documents": 1})
        desk.until(lambda: desk.attempt(database_url, job_id) > 1, "the document to be put off", stack)
        stack.kill("documents-1")
        stack.environ["STORAGE_OPTIONS"] = store.options
        before = desk.attempt(database_url, job_id, "crashes")
        stack.restart("documents-1")
        assert stack.wait_job(admin, job_id)["status"] == "succeeded"
        lost = stack.wait_job(admin, lost_id)
    assert before == 0
    assert (lost["status"], lost["error"]["code"]) == ("failed", "lost")
    document = admin.get(f"/api/knowledge/documents/{gone['document']['id']}").json()
    assert (document["state"], bool(document["reason"])) == ("failed", True)
