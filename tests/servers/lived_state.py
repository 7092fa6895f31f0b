"""A state in which a practice has lived for a while: heard, judged, joined, sent, answered.

Everything in it went through the real stages; the identifiers of the patients are listed,
so that a test can look for them where they must not be.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connector.domain.practice import Practice
from connector.domain.signal import Attachment, Batch, Channel, Contact, Signal, Unreadable
from connector.domain.ticket import TicketRef, TicketStatus
from connector.pipeline import reconcile
from connector.pipeline.casework import Casework
from connector.pipeline.delivery import Delivery
from connector.pipeline.promises import Promises
from connector.pipeline.rules import Rules
from connector.pipeline.sync import Sync
from connector.store import cases, signals
from connector.store.store import Store
from connector.testing.builders import Clock, a_store, some_rules
from connector.testing.memory_desk import MemoryDesk
from connector.testing.memory_helpdesk import MemoryHelpdesk

BEGIN = datetime(2026, 3, 2, 13, 30, tzinfo=UTC)

PLANTED = (
    "Philippa",
    "Quillfeather",
    "pq.quill@mail.example",
    "+493055501234",
    "4417-88-zebra",
    "Marzipanweg",
    "knee-xray-quill.png",
    "UID 48151",
)
"""Parts of a patient's identity and words; none may be in a ledger or a redacted export."""

COMPLAINT = (
    "Dear practice,\n\nI waited three hours on Tuesday and the receptionist was rude to me. "
    "Nobody called me back about my bill either, I was charged twice.\n"
    "My file is 4417-88-zebra, I live in Marzipanweg 9.\n<script>alert('x')</script>\n\n"
    "Philippa Quillfeather"
)


@dataclass(slots=True)
class Lived:
    """The parts of the state, still open."""

    store: Store
    clock: Clock
    desk: MemoryDesk
    helpdesk: MemoryHelpdesk
    rules: Rules
    casework: Casework
    delivery: Delivery
    case_id: str = ""
    """The case of Philippa Quillfeather."""

    @property
    def practice(self) -> Practice:
        return self.rules.practice

    @property
    def database(self) -> Path:
        return self.store.state_dir / "amends.db"

    def hear(self, *items: Signal | Unreadable) -> None:
        """Take items in, judge them, send what is owed."""
        batch = Batch(items=items, cursor=self.clock.now.isoformat())
        self.store.write(lambda tx: signals.take(tx, "practice", "feedback", "imap", batch))
        self.work()

    def work(self) -> None:
        self.clock.advance(2.25)
        while self.casework.step():
            self.clock.advance(1)
        while self.delivery.step():
            self.clock.advance(1)

    def ticket(self) -> TicketRef:
        with self.store.read() as connection:
            row = cases.get(connection, self.case_id)
        assert row is not None
        assert row.ticket_id
        return TicketRef(id=row.ticket_id)


def a_complaint(number: int, **changes: object) -> Signal:
    """A mail from Philippa Quillfeather."""
    signal = Signal(
        tenant="practice",
        source="feedback",
        natural_key=f"<{number}.pq.quill@mail.example>",
        locator=f"INBOX UID 4815{number}",
        channel=Channel.MAIL,
        event_time=BEGIN - timedelta(minutes=20),
        contact=Contact(
            name="Philippa Quillfeather", email="pq.quill@mail.example", phone="+493055501234"
        ),
        subject="Complaint of Philippa Quillfeather about the wait",
        text=COMPLAINT,
        reply_text=COMPLAINT,
        facts={"message_id": f"<{number}.pq.quill@mail.example>"},
        attachments=(
            Attachment(
                name="knee-xray-quill.png", media_type="image/png", content=b"\x89PNG" + b"x" * 40
            ),
        ),
        raw=b"From: Philippa Quillfeather <pq.quill@mail.example>\r\n\r\n" + COMPLAINT.encode(),
    )
    return replace(signal, **changes)  # type: ignore[arg-type]  # whatever a test changes


def thanks() -> Signal:
    return a_complaint(
        7,
        natural_key="<thanks@mail.example>",
        contact=Contact(name="Otto Oak", email="oak@mail.example"),
        subject="Thank you",
        text="Thank you so much, everything was great!",
        reply_text="Thank you so much, everything was great!",
        facts={"message_id": "<thanks@mail.example>"},
        attachments=(),
    )


def live(state_dir: Path) -> Lived:
    """Live through some days: two complaints in one case, a late clock, thanks, an odd item."""
    clock = Clock(BEGIN)
    store = a_store(state_dir, clock)
    desk = MemoryDesk(now=clock)
    helpdesk = MemoryHelpdesk(desk)
    rules = some_rules(helpdesk.prepare)
    delivery = Delivery(store, helpdesk, settle_s=90, draw=lambda: 0.5)
    lived = Lived(store, clock, desk, helpdesk, rules, Casework(store, rules), delivery)
    store.write(lambda tx: tx.record("daemon.started", config=rules.version))
    lived.hear(a_complaint(1))
    clock.advance(3600)
    lived.hear(
        a_complaint(
            2,
            text="Still nobody called me back. Philippa Quillfeather",
            reply_text="Still nobody called me back. Philippa Quillfeather",
            attachments=(),
        )
    )
    odd = Unreadable(
        tenant="practice",
        source="feedback",
        locator="INBOX UID 99",
        problem="is no mail",
        raw=b"\xff\xfe odd",
    )
    lived.hear(thanks(), odd)
    with store.read() as connection:
        (row,) = cases.listing(connection, states=("open",), limit=9)
    lived.case_id = row.id
    clock.advance(4 * 86_400)
    Promises(store, lambda: rules).tick()
    lived.work()
    reconcile.reconcile(store)
    return lived


def close_ticket(lived: Lived) -> None:
    """An agent closes the ticket, and the case follows."""
    lived.desk.edit(lived.ticket().id, status=TicketStatus.RESOLVED)
    lived.clock.advance(3600)
    Sync(lived.store, lambda: lived.helpdesk, lived.rules).step()
