"""What the docs pages tell an admin to set up, read by the sources that the pages are about."""

from __future__ import annotations

import csv
import re
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from servers.asterisk import Pbx

from connector.domain.practice import Practice
from connector.domain.signal import Signal, Unreadable
from connector.parsing.calls.cdr_rows import _CUSTOM, column_name
from connector.parsing.calls.cel_rows import COLUMNS
from connector.parsing.calls.cel_rows import column_name as cel_column
from connector.parsing.calls.found import Heard
from connector.parsing.mail_signal import MailOptions
from connector.sources.asterisk_cdr import AsteriskCdrSettings
from connector.sources.asterisk_cel import AsteriskCelSettings
from connector.sources.call_table import CallTableSettings
from connector.sources.cisco_cucm import CiscoCucmSettings
from connector.sources.mail_file import MailFileSettings

DOCS = Path(__file__).parents[2] / "docs/sources"
PRACTICE = Practice(tenant="practice", name="Clinic", zone=ZoneInfo("America/New_York"))
SAMPLE = re.compile(r"<!-- sample: (\S+) ([\w ]+) -->\n```\w+\n(.*?)```", re.DOTALL)
SAMPLES = SAMPLE.findall((DOCS / "call_table.md").read_text(encoding="utf-8"))
MAPPED = re.compile(r"\$\{(?:CSV_QUOTE\(\$\{)?([^$]+?)\}\)?\}?(?:,|$)")


def mapping(page: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    (line,) = re.findall(r"^Master\.csv => (.+)$", text, re.MULTILINE)
    return MAPPED.findall(line)


@pytest.mark.parametrize(("preset", "ends", "rows"), SAMPLES, ids=[one[0] for one in SAMPLES])
def test_what_the_page_shows_is_heard_and_recognised(tmp_path, preset, ends, rows):
    path = tmp_path / "calls"
    path.write_text(rows)
    for named in (preset, ""):
        settings = CallTableSettings(name="phones", path=path, preset=named, follow=False)
        found = list(settings.open(PRACTICE).calls())
        assert [one.call.outcome.value for one in found if isinstance(one, Heard)] == ends.split()
        assert len(found) == len(ends.split())


def test_the_mapping_of_the_event_log_on_the_page_is_the_default():
    assert tuple(cel_column(name) for name in mapping("asterisk_cel.md")) == COLUMNS


def test_the_mapping_of_the_records_on_the_page_is_recognised():
    assert tuple(column_name(name) for name in mapping("asterisk_cdr.md")) == _CUSTOM


def test_an_event_log_of_another_order_is_read_as_its_columns_say(tmp_path):
    pbx = Pbx()
    pbx.maze("7205550112", ["2001", "2002", "2003"])
    order = [*reversed(range(len(COLUMNS)))]
    path, other = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_bytes(pbx.cel_bytes())
    rows = list(csv.reader(pbx.cel_bytes().decode().splitlines()))
    with other.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([row[at] for at in order] for row in rows)
    columns = [f"${{{COLUMNS[at]}}}" for at in order]
    one = AsteriskCelSettings(name="phones", path=path).open(PRACTICE)
    two = AsteriskCelSettings(name="phones", path=other, columns=columns).open(PRACTICE)
    assert [call.call for call in one.calls()] == [call.call for call in two.calls()]


JSON_CDR = (
    '{"clid":"\\"JANE\\" <19175550101>","src":"19175550101","dst":"2001","dcontext":"pstn-in",'
    '"channel":"PJSIP/carrier-00000000","dstchannel":"PJSIP/2001-00000001","lastapp":"Dial",'
    '"lastdata":"PJSIP/2001,12","start":1795186377.546581,"answer":1795186378.553854,'
    '"end":1795186382.559645,"duration":5,"billsec":4,"disposition":"ANSWERED","amaflags":"3",'
    '"accountcode":"","uniqueid":"1795186377.0","linkedid":"1795186377.0","userfield":"",'
    '"sequence":0}\n'
)


def test_records_in_json_are_read_also_over_a_restart(tmp_path):
    path = tmp_path / "cdr_full.json"
    path.write_text(JSON_CDR + '{"no":"record"}\n{"not json\n[]\n')
    source = AsteriskCdrSettings(name="phones", path=path).open(PRACTICE)
    object.__setattr__(source._watched, "now", lambda: 1795186383.0)
    (batch,) = source.read(None)
    assert [type(item) for item in batch.items] == [Unreadable] * 3
    object.__setattr__(source._watched, "now", lambda: 1795190000.0)
    (later,) = source.read(batch.cursor)
    (call,) = later.items
    assert (call.facts["call_end"], call.facts["staff"]) == ("answered", ("2001",))


def test_records_in_an_order_of_ones_own_are_read_as_columns_say(tmp_path):
    path = tmp_path / "Simple.csv"
    path.write_text('"7205550111","2001","2030-08-07 09:00:00","20","0","NO ANSWER","SIP/x-1"\n')
    columns = ["${CDR(src)}", "CDR(dst)", "start", "duration", "billsec", "disposition", "channel"]
    source = AsteriskCdrSettings(name="phones", path=path, columns=columns).open(PRACTICE)
    (found,) = source.calls()
    assert found.call.caller_e164 == "+17205550111"


def test_drops_by_rsync_and_sftp_are_read_when_they_are_whole(tmp_path):
    rows = next(rows for preset, _, rows in SAMPLES if preset == "generic")
    at = [time.time()]
    source = CallTableSettings(name="phones", path=tmp_path, preset="generic").open(PRACTICE)
    object.__setattr__(source._watched, "now", lambda: at[0])
    for name in (".calls.csv.Xk81hd", "calls.csv.filepart", "calls.csv.part", "calls.csv.tmp"):
        (tmp_path / name).write_text(rows[: len(rows) // 2])
    growing = tmp_path / "calls.csv"
    growing.write_text(rows[: len(rows) // 2])
    heard = [item for batch in source.read(None) for item in batch.items]
    assert heard == []
    growing.write_text(rows)
    at[0] += 1_000
    heard = [item for batch in source.read(None) for item in batch.items]
    assert [type(item) for item in heard] == [Signal]


def test_the_folder_of_cucm_takes_only_whole_files_of_records(tmp_path):
    for name in (".cdr_A_01_1", "cdr_A_01_1.filepart", "cmr_A_01_1", "readme"):
        (tmp_path / name).write_text("half of a")
    source = CiscoCucmSettings(name="phones", path=tmp_path).open(PRACTICE)
    assert list(source.calls()) == []


def mailed(rows: str, number: int) -> str:
    return (
        "From a@example.com Tue Mar  3 17:00:00 2026\n"
        "Authentication-Results: mx.example; dmarc=pass header.from=pbx.example\n"
        f"From: reports@pbx.example\nSubject: Calls\nMessage-ID: <{number}@pbx.example>\n"
        "Content-Type: text/csv; name=calls.csv\n"
        f"Content-Disposition: attachment; filename=calls.csv\n\n{rows}\n"
    )


def test_an_export_that_comes_by_mail_twice_is_each_call_once(tmp_path):
    rows = next(rows for preset, _, rows in SAMPLES if preset == "generic")
    folder, box = tmp_path / "calls", tmp_path / "box.mbox"
    folder.mkdir()
    box.write_text(mailed(rows, 1) + mailed(rows, 2))
    rule = {"name": "calls", "senders": ["reports@pbx.example"], "folder": str(folder)}
    mail = MailOptions.model_validate({"trusted_authserv": ["mx.example"], "exports": [rule]})
    for _ in range(2):  # as after a kill before the commit
        list(MailFileSettings(name="feedback", path=box, mail=mail).open(PRACTICE).read(None))
    settings = CallTableSettings(
        name="phones", path=folder, pattern="calls-*.csv", settle_seconds=0
    )
    (call,) = [item for batch in settings.open(PRACTICE).read(None) for item in batch.items]
    assert (call.facts["call_end"], call.contact.phone) == ("missed", "+19175550106")
