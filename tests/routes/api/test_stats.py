from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.routes.api.problem import problem

if TYPE_CHECKING:
    from tests.harness.api import ApiClient

pytestmark = pytest.mark.usefixtures("fresh_figures")

PERIODS = {"week": 7, "month": 30, "quarter": 90, "year": 365}


@pytest.mark.parametrize("period", PERIODS)
def test_figures_of_a_period(staff: ApiClient, client: ApiClient, period: str) -> None:
    before = staff.get("/api/stats", params={"period": period}).json()
    case = client.chat("Bonjour")["conversation_id"]
    client.post(f"/api/conversations/{case}/handoff", {})
    found = staff.get("/api/stats", params={"period": period}).json()
    assert (found["period"], len(found["by_day"])) == (period, PERIODS[period])
    assert found["opened"] == before["opened"] + 1
    assert found["handed_over"] == before["handed_over"] + 1
    assert found["by_day"][-1]["by_status"]["waiting_staff"] == before["by_day"][-1]["by_status"]["waiting_staff"] + 1
    assert found["for_a_person"]["customers"] == before["for_a_person"]["customers"] + 1
    assert 0 < found["handover_rate"] <= 1
    assert set(found["queues"]) == {"replies", "images", "background", "documents"}
    assert all(set(queue) == {"open_jobs", "oldest_s", "late"} for queue in found["queues"].values())


def test_a_month_is_meant_when_nothing_is_said(staff: ApiClient) -> None:
    assert staff.get("/api/stats").json()["period"] == "month"


@pytest.mark.parametrize("period", ["", "day", "WEEK", "decade"])
def test_another_period_is_refused(staff: ApiClient, period: str) -> None:
    body = problem(staff.get("/api/stats", params={"period": period}), 422)
    assert body["errors"][0]["field"] == "period"


def test_nothing_is_counted_by_person(staff: ApiClient, client: ApiClient) -> None:
    case = client.chat("Bonjour")["conversation_id"]
    staff.post(f"/api/conversations/{case}/messages", {"content": "Bonjour"})
    told = staff.get("/api/stats").text
    assert staff.user["id"] not in told
    assert staff.user["name"] not in told
    assert staff.email not in told
