"""A simulated Zendesk Support account: the API as recorded and documented, traps included.

Start it, speak to it, look at it without the plugin:

    from servers.zendesk import Knobs, SimClock, ZendeskSimulator

    clock = SimClock(datetime(2026, 11, 23, 9, tzinfo=UTC))     # stands until advance(); or none
    with ZendeskSimulator(clock=clock) as desk:                 # 127.0.0.1, a free port
        desk.url                                                # "http://127.0.0.1:40001"
        desk.knobs.client_id, desk.knobs.client_secret          # OAuth client credentials
        desk.basic                                              # ("...@.../token", api_token)
        desk.client_user.role = "agent"                         # take admin rights away
        desk.tickets, desk.by_external_id("..."), desk.shown(1) # state; desk.ticket(1).place
        desk.comments(1), desk.file(attachment).content         # notes and their files
        desk.mails                                              # what would have been mailed
        desk.comment_by_hand(1, "called back", public=True)     # as an agent
        desk.tag_by_hand(1, "vip"); desk.set_status(1, "solved"); desk.assign(1)
        desk.close_ticket(1); desk.archive(1); desk.delete(1); desk.restore(1); desk.scrub(1)
        desk.merge(1, into=2); desk.mark_as_spam(1); desk.suspend("ann@example.com")
        desk.add_record("ticket_fields", type="tagger", title="Severity",
                        custom_field_options=[{"name": "Grave", "value": "grave"}])
        clock.advance(minutes=2)                                # indexes catch up, limits reset

Weather (see `servers.weather`); fetching a token is no write and has none of it:

        with desk.weather.lose_answer(1): ...                   # applied, answer lost
        with desk.weather.lose_request(2): ...                  # the second write is not heard of
        with desk.weather.refuse_reads(): ...
        with desk.down(): ...
        with desk.weather.upon(writes("/tickets$"), Fate(applied=True, instead=BAD_GATEWAY)): ...
        desk.conflict(applied=True)                             # 409 although it was done
        desk.expire_tokens()                                    # 401 invalid_token from now
        desk.knobs.list_lag_s = 30                              # the list by external_id lags
        desk.knobs.requests_per_minute = 3                      # 429 with Retry-After
        desk.knobs.plain_429 = True; desk.knobs.has_slas = False; desk.knobs.drops = {"priority"}

`desk.exchanges` holds every request with the product's own answer. To hold them all against the
vendor's OpenAPI document, where that lies beside the project:

    from servers.zendesk.contract import Contract
    with ZendeskSimulator(contract=Contract.load()) as desk:    # load() gives None without it
        ...
        assert desk.faults == []                                # `contract.WRONG`: excused, and why

As a process of its own: `python -m servers.zendesk --port-file FILE` (see `__main__`), arranged
and read from outside over `servers.zendesk.door`.

Where neither documents nor recordings say what happens, this is what happens here:
- an upload token that is unknown, used or too old gives no file and no error;
- `safe_update` without `updated_stamp` is 400; a token without the scope is 403 Forbidden;
- a refusal is not kept under an Idempotency-Key (knob `keys_keep_errors`);
- in `body`, runs of spaces become one and runs of newlines two; spaces in a tag become `_`;
- an unknown option of a dropdown is dropped, the field is then empty;
- a follow-up takes over tags, but no custom fields; merging is done when it is answered;
- a bad bearer token is 401 also at /users/me (knob `anonymous_bearer`).
Not simulated: `?async=true`, suspended e-mail tickets, webhooks, voice, imports, audit logs.
"""

from servers.simulator import SimClock
from servers.zendesk.model import Knobs, Mail, Ticket, User
from servers.zendesk.simulator import ZendeskSimulator

__all__ = ["Knobs", "Mail", "SimClock", "Ticket", "User", "ZendeskSimulator"]
