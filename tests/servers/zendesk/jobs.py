"""Jobs: done at once, shown as queued first and as completed when they are asked for."""

from __future__ import annotations

import secrets
from typing import Any

from servers.weather import Answer
from servers.zendesk.account import Account
from servers.zendesk.call import Call, answer, routes
from servers.zendesk.errors import not_found


def started(account: Account, message: str, results: Any, total: int = 1) -> dict[str, Any]:
    """Register a job; give what the answer says while it is queued."""
    job_id = f"V3-{secrets.token_hex(16)}"
    job = {
        "id": job_id,
        "job_type": message,
        "url": f"{account.base}/api/v2/job_statuses/{job_id}.json",
        "total": total,
        "progress": None,
        "status": "queued",
        "message": None,
        "results": None,
    }
    account.jobs[job_id] = job | {
        "status": "completed",
        "progress": total,
        "message": f"Completed at {account.now():%Y-%m-%d %H:%M:%S} +0000",
        "results": results,
    }
    return {"job_status": job}


@routes.on("GET", "/job_statuses/{job_id*}")
def show(call: Call, job_id: str) -> Answer:
    call.user()
    if job_id not in call.account.jobs:
        raise not_found()
    return answer(200, {"job_status": call.account.jobs[job_id]})
