"""Our share of a helpdesk's limits: kept in every window, used by a backlog, given up to others."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from servers.limits import Meter, Product, Seconds, ask
from servers.scripted import answer, scripted

from connector.domain.errors import NotSent, OverShare, RateLimited
from connector.http import ACCOUNT, Budget, Finding, Http, HttpConfig, Limit, Rates, Request
from connector.http.bucket import (
    BURST_PERMILLE,
    BURST_REQUESTS,
    FIRST_PAUSE_S,
    LONGEST_ASKED_S,
    LONGEST_PAUSE_S,
)
from connector.http.budget import LONGEST_TURN_WAIT_S, LONGEST_WAIT_S, MAX_BUCKETS

GET = Request(method="GET", path="/x")


def world(limit, *, share=600, known=True, window_s=60.0, operations=None, **more):
    clock = Seconds()
    meter = Meter(limit=limit, window_s=window_s, sliding=more.pop("sliding", False))
    product = Product(clock=clock, meters={"account": meter}, **more)
    believed = {"account": Limit(requests=limit, window_s=window_s)} if known else {}
    rates = product.rates(believed, operations)
    budget = Budget("desk", rates, share_permille=share, monotonic=clock, pause=clock.pause)
    return clock, product, budget


def drain(clock, product, budget, seconds, latency_s=0.0):
    ends = clock() + seconds
    while clock() < ends:
        pause_s = budget.pause_s("note")
        if pause_s > 0:
            clock.advance(min(pause_s, ends - clock()))
        else:
            ask(budget, product, "GET", latency_s)


def most_in_a_window(times, window_s):
    first = most = 0
    for last, at in enumerate(times):
        while times[first] + window_s <= at:
            first += 1
        most = max(most, last - first + 1)
    return most


LIMITS = st.sampled_from([1, 5, 10, 37, 50, 200, 400, 700])


@settings(max_examples=40, deadline=None)
@given(
    limit=LIMITS,
    share=st.integers(50, 1000),
    sliding=st.booleans(),
    tells_reset=st.booleans(),
    others=st.floats(0, 1.5),
    known=st.booleans(),
    rests=st.lists(st.tuples(st.floats(0, 200), st.integers(1, 60)), max_size=8),
)
def test_in_no_window_more_than_the_share_leaves(
    limit, share, sliding, tells_reset, others, known, rests
):
    clock, product, budget = world(
        limit,
        share=share,
        sliding=sliding,
        tells_reset=tells_reset,
        known=known,
        others_per_s=others * limit / 60,
    )
    for rest_s, wanted in rests:
        clock.advance(rest_s)
        for _ in range(wanted):
            try:
                ask(budget, product, "GET")
            except OverShare:
                break
    assert most_in_a_window(product.sent_at, 60.0) <= max(1, limit * share // 1000)


@settings(max_examples=20, deadline=None)
@given(
    limit=LIMITS,
    share=st.integers(50, 1000),
    window_s=st.sampled_from([1.0, 10.0, 60.0]),
    sliding=st.booleans(),
    others=st.floats(0, 1),
)
def test_a_backlog_uses_nearly_all_of_the_share_and_is_not_refused(
    limit, share, window_s, sliding, others
):
    # others stay within what is left to them
    others *= max(0.0, 0.94 - max(share / 1000, 1 / limit))  # we send one at least
    clock, product, budget = world(
        limit,
        share=share,
        window_s=window_s,
        sliding=sliding,
        others_per_s=others * limit / window_s,
    )
    drain(clock, product, budget, 20 * window_s)
    assert len(product.sent_at) >= 0.95 * 20 * max(1, limit * share // 1000)
    assert product.refused == 0


@settings(max_examples=10, deadline=None)
@given(others=st.floats(0.4, 0.9), sliding=st.booleans(), tells_reset=st.booleans())
def test_where_others_need_more_than_is_left_they_get_it(others, sliding, tells_reset):
    clock, product, budget = world(
        400, others_per_s=others * 400 / 60, sliding=sliding, tells_reset=tells_reset
    )
    drain(clock, product, budget, 120)
    before = product.others_refused, product.refused
    drain(clock, product, budget, 600)
    # once seen, it is heeded
    assert product.others_refused - before[0] <= 0.01 * others * 4000
    assert product.refused - before[1] <= 2


def test_what_others_leave_again_is_used_again():
    clock, product, budget = world(400, others_per_s=8.0)
    drain(clock, product, budget, 900)
    product.others_per_s = 0.0
    drain(clock, product, budget, 180)
    product.sent_at.clear()
    drain(clock, product, budget, 600)
    assert len(product.sent_at) >= 0.95 * 2400


def test_a_limit_that_is_smaller_than_believed_and_never_told_is_found_by_refusals():
    clock, product, budget = world(400, tells=False)
    product.meters["account"].limit = 120
    drain(clock, product, budget, 7_200)
    assert product.refused <= len(product.sent_at) / 500
    assert len(product.sent_at) >= 0.7 * 240 * 60


def test_without_any_limit_known_nothing_waits_until_an_answer_tells_one():
    _, product, budget = world(10, known=False)
    assert budget.pause_s("note") == 0
    ask(budget, product, "GET")
    for _ in range(5):
        ask(budget, product, "GET")
    assert budget.pause_s("note") > 0
    assert budget.levels()[0].limit == 10


@given(st.integers(1, 5_000))
def test_retry_after_is_honoured_for_its_bucket_alone(seconds):
    clock = Seconds()
    families = {"POST": ("create",)}
    meters = {"account": Meter(limit=400), "create": Meter(limit=90)}
    product = Product(clock=clock, meters=meters, families=families)
    rates = product.rates({}, {"open": {"account": 1, "create": 1}, "note": {"account": 1}})
    budget = Budget("desk", rates, monotonic=clock, pause=clock.pause)
    passage = budget.admit(Request(method="POST", path="/x"))
    assert (
        budget.learn(passage, 429, {"x-full": "create", "x-create": "90 50"}, seconds) == "create"
    )
    assert budget.pause_s("note") == 0
    expected = min(seconds, LONGEST_ASKED_S)
    assert budget.pause_s("open") == pytest.approx(expected)
    assert budget.pause_s("open", urgent=True) == pytest.approx(expected)


def test_a_refusal_that_says_nothing_pauses_the_account_longer_each_time():
    clock, _, budget = world(400)
    pauses = []
    for _ in range(12):
        passage = budget.admit(GET)
        assert budget.learn(passage, 429, {}, None) == ACCOUNT
        pauses.append(budget.pause_s("note"))
        clock.advance(pauses[-1])
    assert pauses[:3] == pytest.approx([FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S])
    assert max(pauses) == pytest.approx(LONGEST_PAUSE_S)


def test_what_is_urgent_finds_room_in_a_backlog_and_later_goes_first():
    clock, product, budget = world(400)
    drain(clock, product, budget, 200)
    while budget.pause_s("note") == 0:
        ask(budget, product, "GET")
    assert budget.pause_s("open") > 0
    for _ in range(5):
        assert budget.pause_s("open", urgent=True) == 0
        with budget.turn("open", urgent=True):
            ask(budget, product, "GET")


@settings(max_examples=12, deadline=None)
@given(limit=st.sampled_from([10, 50, 200, 400]), every=st.integers(5, 60))
def test_an_urgent_change_never_starves_however_long_the_backlog(limit, every):
    clock, product, budget = world(limit)
    waits = []
    for _ in range(20):
        drain(clock, product, budget, every)
        began = clock()
        while (pause_s := budget.pause_s("open", urgent=True)) > 0:
            clock.advance(pause_s)
        with budget.turn("open", urgent=True):
            ask(budget, product, "GET")
        waits.append(clock() - began)
    share = limit * 6 // 10
    burst = min(share, max(BURST_REQUESTS, share * BURST_PERMILLE // 1000))
    assert max(waits) <= 60 * (burst + 1) / share


def test_an_operation_that_began_finds_the_room_that_was_kept_for_it():
    clock, product, budget = world(50, operations={"note": {"account": 3}})
    drained = 0
    while budget.pause_s("note") == 0:
        with budget.turn("note"):
            for _ in range(3):
                ask(budget, product, "GET")
                assert clock() == 1_000.0
        drained += 1
    assert drained >= 3


def test_room_that_was_kept_and_not_used_is_given_back():
    _, _, budget = world(10, operations={"note": {"account": 3}})
    with budget.turn("note"), pytest.raises(ZeroDivisionError), budget.turn("note"):
        raise ZeroDivisionError
    assert budget.pause_s("note") == 0
    assert not any(budget._kept.values())


def test_what_would_wait_long_is_not_sent_and_names_its_bucket():
    clock, product, budget = world(10)
    for _ in range(6):
        ask(budget, product, "GET")
    with pytest.raises(OverShare) as caught:
        budget.admit(GET)
    assert caught.value.bucket == ACCOUNT
    assert LONGEST_WAIT_S < (caught.value.retry_after_s or 0) <= 60
    assert clock() == 1_000.0


def test_one_operation_waits_only_so_long_in_all():
    clock, product, budget = world(10)

    def many():
        for _ in range(100):
            ask(budget, product, "GET")

    with budget.turn("note"), pytest.raises(OverShare):
        many()
    assert clock() - 1_000.0 <= LONGEST_TURN_WAIT_S


def test_threads_that_wait_get_their_turn_in_order_and_none_starves():
    clock, turns = Seconds(), []
    rates = Rates(
        charges=lambda _: {ACCOUNT: 1},
        read=lambda *_: [],
        limits={ACCOUNT: Limit(requests=60, window_s=60.0, share_permille=1000)},
    )
    inside = threading.Lock()

    def pause(changed, _seconds):
        with inside:
            clock.advance(0.05)
        changed.wait(0.0005)  # gives way to the others

    budget = Budget("desk", rates, monotonic=clock, pause=pause)

    def work(name):
        while turns.count(name) < 15:
            with suppress(OverShare):  # a thread that the machine kept waiting comes again
                budget.admit(GET)
                turns.append(name)

    threads = [threading.Thread(target=work, args=[name]) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(turns) == sorted(list(range(4)) * 15)


def test_closing_ends_a_wait_in_another_thread():
    waiting, outcome = threading.Event(), []
    rates = Rates(
        charges=lambda _: {ACCOUNT: 1},
        read=lambda *_: [],
        limits={ACCOUNT: Limit(requests=1, window_s=10.0)},
    )

    def pause(changed, seconds):
        waiting.set()
        changed.wait(seconds)

    budget = Budget("desk", rates, pause=pause)
    budget.admit(GET)

    def work():
        try:
            budget.admit(GET)
        except NotSent as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert waiting.wait(10)
    budget.close()
    thread.join(10)
    assert len(outcome) == 1


def test_a_bucket_for_each_ticket_is_forgotten_when_there_are_many():
    clock = Seconds()
    rates = Rates(
        charges=lambda request: {ACCOUNT: 1, f"ticket:{request.path}": 1},
        read=lambda *_: [],
        limits={"ticket": Limit(requests=2, window_s=600.0, share_permille=1000)},
    )
    budget = Budget("desk", rates, monotonic=clock, pause=clock.pause)
    for number in range(MAX_BUCKETS + 50):
        budget.admit(Request(method="PUT", path=f"/{number}"))
    assert len(budget.levels()) == MAX_BUCKETS
    budget.admit(Request(method="PUT", path="/9"))
    newest = Request(method="PUT", path=f"/{MAX_BUCKETS + 49}")
    budget.admit(newest)
    with pytest.raises(OverShare, match=r"\(ticket\)") as caught:
        budget.admit(newest)
    assert caught.value.bucket == f"ticket:/{MAX_BUCKETS + 49}"


@given(
    st.lists(
        st.builds(
            Finding,
            bucket=st.sampled_from([ACCOUNT, "new"]),
            limit=st.none() | st.integers(-5, 10**9),
            remaining=st.none() | st.integers(-5, 10**9),
            resets_s=st.none() | st.floats(-1e9, 1e9),
            window_s=st.none() | st.floats(-1e3, 1e9),
            cost=st.none() | st.integers(-3, 50),
            exhausted=st.booleans(),
        ),
        max_size=6,
    ),
    st.sampled_from([200, 404, 429, 503]),
)
def test_whatever_headers_claim_the_wait_has_an_end(found, status):
    clock = Seconds()
    rates = Rates(charges=lambda _: {ACCOUNT: 1}, read=lambda *_: found)
    budget = Budget("desk", rates, monotonic=clock, pause=clock.pause)
    for _ in range(3):
        try:
            budget.learn(budget.admit(GET), status, {}, None)
        except OverShare:
            break
    for _ in range(1_000):
        pause_s = budget.pause_s("note")
        assert 0 <= pause_s <= LONGEST_ASKED_S
        if pause_s == 0:
            break
        clock.advance(pause_s)
    assume(budget.pause_s("note") == 0)
    assert budget.pause_s("note") == 0


@pytest.mark.parametrize("after", ["7", "Sat, 21 Nov 2026 12:00:07 GMT"])
def test_over_the_wire_a_refusal_pauses_and_names_its_bucket_in_both_forms(after):
    def script(server, conn):
        while server.read_request(conn) != b"\r\n\r\n":
            conn.sendall(answer("429 Too Many", b"", f"Retry-After: {after}"))

    clock = Seconds()
    rates = Rates(charges=lambda _: {ACCOUNT: 1}, read=lambda *_: [])
    budget = Budget("desk", rates, monotonic=clock, pause=clock.pause)
    with scripted(script) as desk:
        client = Http(
            "desk",
            HttpConfig(base_url=desk.url),
            now=lambda: datetime(2026, 11, 21, 12, tzinfo=UTC),
            budget=budget,
        )
        with pytest.raises(RateLimited) as caught:
            client.request("POST", "/x", body=b"{}", write=True)
        client.close()
    assert caught.value.bucket == ACCOUNT
    assert caught.value.retry_after_s in {7, 8}
    assert budget.pause_s("note") == pytest.approx(caught.value.retry_after_s)
