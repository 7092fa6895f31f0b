"""Who vouches for a sender's domain, by header fields as servers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.parsing.authenticity import NAMELESS, Proof, proof_of
from connector.parsing.mail_headers import read_headers

GMAIL = (
    "Authentication-Results: mx.google.com;\n"
    "       dkim=pass header.i=@yelp.com header.s=s1 header.b=AbCdEf;\n"
    "       spf=pass (google.com: domain of bounces@em.yelp.com designates 192.0.2.1 as permitted"
    " sender) smtp.mailfrom=bounces@em.yelp.com;\n"
    "       dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=yelp.com\n"
)
EXCHANGE = (
    "Authentication-Results: spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=em.yelp.com;"
    " dkim=pass (signature was verified) header.d=yelp.com;dmarc=pass action=none"
    " header.from=yelp.com;compauth=pass reason=100\n"
)
MILTERS = (
    "Authentication-Results: mail.practice.example; dmarc=pass (p=none dis=none)"
    " header.from=yelp.com\n"
    "Authentication-Results: mail.practice.example;\n\tdkim=pass (2048-bit key; unprotected)"
    ' header.d=yelp.com header.i=@yelp.com header.a=rsa-sha256 header.b="x"; dkim-atps=neutral\n'
)


def proof(block, sender="no-reply@yelp.com", *trusted):
    return proof_of(read_headers(block.encode()), sender, trusted)


@pytest.mark.parametrize(
    ("block", "name"),
    [
        (GMAIL, "mx.google.com"),
        (GMAIL, "MX.Google.com"),
        (EXCHANGE, NAMELESS),
        (MILTERS, "mail.practice.example"),
        ("Authentication-Results: mx.example 1; dkim=pass header.d=yelp.com\n", "mx.example"),
        ("Authentication-Results: mx.example; spf=pass smtp.mailfrom=yelp.com\n", "mx.example"),
    ],
)
def test_a_trusted_server_vouches(block, name):
    assert proof(block, "no-reply@yelp.com", name) is Proof.VERIFIED


def test_a_signature_of_a_parent_domain_covers_its_children_only():
    block = "Authentication-Results: mx.example; dkim=pass header.d=yelp.com; dmarc=none\n"
    assert proof(block, "x@biz.yelp.com", "mx.example") is Proof.VERIFIED
    assert proof(block, "x@notyelp.com", "mx.example") is Proof.FAILED
    bare = "Authentication-Results: mx.example; dkim=pass header.d=com\n"
    assert proof(bare, "x@yelp.com", "mx.example") is Proof.FAILED


@pytest.mark.parametrize("name", ["mx.google.co", "google.com", "", "mx.example"])
def test_a_server_that_is_not_trusted_vouches_for_nobody(name):
    assert proof(GMAIL, "no-reply@yelp.com", name) is Proof.UNVERIFIED


def test_without_any_trusted_name_nothing_is_known():
    assert proof(GMAIL) is Proof.UNVERIFIED


def test_results_without_a_name_count_only_where_they_are_expected():
    assert proof(EXCHANGE, "no-reply@yelp.com", "mx.google.com") is Proof.UNVERIFIED


def test_a_result_below_another_servers_received_was_written_by_somebody_else():
    forged = "Authentication-Results: mx.example; dmarc=pass header.from=yelp.com\n"
    real = "Authentication-Results: mx.example; dmarc=fail header.from=yelp.com\n"
    assert proof(f"{real}Received: by evil\n{forged}", "a@yelp.com", "mx.example") is Proof.FAILED
    assert proof(f"{real}{forged}", "a@yelp.com", "mx.example") is Proof.FAILED


def test_a_pass_for_another_domain_is_none():
    assert proof(GMAIL, "no-reply@healthgrades.com", "mx.google.com") is Proof.FAILED


def test_a_server_that_could_not_find_out_says_nothing():
    block = "Authentication-Results: mx.example; dkim=temperror; spf=none; dmarc=temperror\n"
    assert proof(block, "a@yelp.com", "mx.example") is Proof.UNVERIFIED


def test_a_pass_inside_a_comment_or_a_reason_is_none():
    block = (
        "Authentication-Results: mx.example; dkim=fail (dkim=pass header.d=yelp.com)"
        ' reason="x; dmarc=none"\n'
    )
    assert proof(block, "a@yelp.com", "mx.example") is Proof.FAILED


@given(st.text(max_size=300), st.text(max_size=40))
def test_no_field_breaks_the_reading(value, sender):
    block = f"Authentication-Results: mx.example; {value}\n"
    assert proof(block, sender, "mx.example", NAMELESS) in set(Proof)
