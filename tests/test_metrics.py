"""The figures that admins' tools read."""

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError

from connector import metrics
from connector.metrics import MetricsSettings


def test_figures_are_printed_as_prometheus_reads_them():
    made = metrics.create(version="1.2", python="3.11")
    made.source_up.labels("feedback").set(1)
    made.cases_opened.labels("3").inc()
    made.delivery_latency.observe(7)
    families = {f.name: f for f in text_string_to_metric_families(made.render().decode())}
    assert families["amends_source_up"].samples[0].labels == {"source": "feedback"}
    assert families["amends_cases_opened"].samples[0].value == 1
    assert "amends_delivery_latency_seconds" in families
    assert families["amends_build_info"].samples[0].labels == {"version": "1.2", "python": "3.11"}


def test_two_daemons_in_one_process_have_figures_of_their_own():
    first, second = (metrics.create(version="1", python="3") for _ in range(2))
    first.ledger_imbalance.set(4)
    assert b"amends_ledger_imbalance 0.0" in second.render()


def test_every_name_begins_with_the_programs():
    made = metrics.create(version="1", python="3")
    assert all(f.name.startswith("amends_") for f in made.registry.collect())


@pytest.mark.parametrize("listen", ["", "127.0.0.1:9477", "[::1]:9477", "localhost:9477"])
def test_an_address_with_a_port_may_be_listened_on(listen):
    assert MetricsSettings(listen=listen).listen == listen


@pytest.mark.parametrize("listen", ["9477", "127.0.0.1", "http://127.0.0.1:9477", "a b:1"])
def test_anything_else_is_refused(listen):
    with pytest.raises(ValidationError):
        MetricsSettings(listen=listen)
