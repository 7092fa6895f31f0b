"""Call detail records as CUCM writes them."""

from __future__ import annotations

from connector.parsing.calls.cucm import _COLUMNS

START = 1_763_650_000
QUEUE_COLUMNS = ("huntPilotDN", "wasCallQueued", "totalWaitTimeInQueue")


def record(call: int, **cells: object) -> str:
    """One record: from outside to a phone, unless said otherwise."""
    cells = {
        "cdrRecordType": "1",
        "globalCallID_callManagerId": "2",
        "globalCallID_callId": str(call),
        "globalCallId_ClusterID": "Clinic",
        "origLegCallIdentifier": str(call * 10),
        "destLegIdentifier": str(call * 10 + 1),
        "dateTimeOrigination": str(START),
        "dateTimeDisconnect": str(START + 30),
        "callingPartyNumber": "9175550106",
        "originalCalledPartyNumber": "2001",
        "finalCalledPartyNumber": "2001",
        "origDeviceName": "Trunk_PSTN",
        "destDeviceName": "SEP0011223344AA",
        "origIpAddr": "-1407779830",
        "pkid": f"pk-{call}-{cells.get('pk', 1)}",
        **cells,
    }
    names = (*_COLUMNS, *QUEUE_COLUMNS)
    return ",".join(f'"{cells[n]}"' if n in cells else "" for n in names)
