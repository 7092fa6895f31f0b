"""Legal notices go, complaints about secrets stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.parsing.replies import own_words
from connector.parsing.reply_notices import MAX_NOTICES, is_notice, without_notices

NOTICES = (
    (
        "This e-mail and any attachments are confidential and intended solely for the use of the "
        "addressee. If you are not the intended recipient, please notify the sender and delete it."
    ),
    (
        "CONFIDENTIALITY NOTICE: This e-mail message may hold protected health information (PHI) "
        "under HIPAA. Any unauthorized disclosure is prohibited."
    ),
    (
        "Diese E-Mail enth\u00e4lt vertrauliche Daten. Wenn Sie nicht der richtige Adressat "
        "sind, informieren Sie bitte den Absender."
    ),
    (
        "Ce message est confidentiel. Si vous n'\u00eates pas le destinataire, merci d'avertir "
        "l'exp\u00e9diteur."
    ),
    (
        "Este mensaje contiene informaci\u00f3n confidencial. Si no es el destinatario o lo ha "
        "recibido por error, b\u00f3rrelo."
    ),
    "Questo messaggio contiene informazioni riservate. Se non siete il destinatario, cancellatelo.",
    "Esta mensagem tem informa\u00e7\u00f5es confidenciais. Se recebeu por engano, apague.",
    "Dit bericht is vertrouwelijk en uitsluitend bestemd voor de geadresseerde.",
    "Please consider the environment before printing this e-mail.",
)
COMPLAINTS = (
    "I received this e-mail in error, it is confidential and not meant for me.",
    "This message is confidential. Please do not tell my husband.",
    "You sent my results, which are confidential and legally privileged, to my neighbour.",
    "Mein Befund ist eine vertrauliche Sache, und Sie haben ihn irrt\u00fcmlich erhalten.",
    "The letter was intended for the person in bed 4.",
    "Please delete it from the record, it is wrong.",
)


@pytest.mark.parametrize("notice", NOTICES)
@pytest.mark.parametrize("above", ["\n\n", "\n\n-- \nJane Doe\n\n", "\n--\n", "\n__________\n"])
def test_a_legal_notice_is_no_word_of_the_writer(notice, above):
    assert own_words(f"I waited.{above}{notice}\n") == "I waited."
    assert own_words(f"I waited.{above}{notice}\n\n{NOTICES[-1]}\n\n> quoted\n") == "I waited."


@pytest.mark.parametrize("complaint", COMPLAINTS)
def test_a_complaint_about_secrets_is_no_notice(complaint):
    assert not is_notice(complaint)
    assert complaint in own_words(f"I waited.\n\n{complaint}\n\n{NOTICES[0]}\n")


def test_a_mail_that_is_nothing_but_a_notice_is_kept():
    assert own_words(NOTICES[0]) == NOTICES[0]


@given(st.lists(st.sampled_from([*NOTICES, *COMPLAINTS, "", "--", "I waited."]), max_size=40))
def test_lines_are_only_taken_from_the_end(lines):
    kept = without_notices(lines)
    assert lines[: len(kept)] == kept
    assert sum(map(is_notice, lines[len(kept) :])) <= MAX_NOTICES * len(lines)
