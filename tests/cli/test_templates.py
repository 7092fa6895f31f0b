"""`amends templates`: what an admin sees of the words to patients."""

from __future__ import annotations

import json


def with_words(house, name, text):
    folder = house.config.parent / "words"
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    before = house.config.read_text()
    house.config.write_text(f'{before}\n[recovery.drafts]\nfolder = "{folder}"\n')


def test_all_texts_are_listed_with_their_version(amends, house):
    code, out, _ = amends("templates", "-c", house.config, "--json")
    rows = json.loads(out)
    assert code == 0
    assert {"en/email", "es/sms", "es/say.visit.wait"} <= {row["text"] for row in rows}
    code, out, _ = amends("templates", "-c", house.config, "--channel", "sms")
    assert "en/sms" in out
    assert "email" not in out


def test_a_preview_is_filled(amends, house):
    code, out, _ = amends(
        "templates", "-c", house.config, "--preview", "visit.wait", "--language", "es"
    )
    assert code == 0
    assert "--- sms, es:" in out
    assert "Lamento la espera" in out
    assert "{" not in out


def test_a_bad_text_is_refused_by_lint_check_and_start(amends, house):
    with_words(house, "en/email.txt", "Hello,\nwe guarantee it. {{ reference }}\n")
    code, out, _ = amends("templates", "-c", house.config, "--lint")
    assert code == 78
    assert "words/en/email.txt:2: holds a promise" in out
    code, out, _ = amends("templates", "-c", house.config, "--lint", "--json")
    assert json.loads(out)[0]["line"] == 2
    code, out, _ = amends("check", "-c", house.config)
    assert code == 2
    assert "drafts: " in out
    code, _, err = amends("once", "-c", house.config)
    assert code == 78
    assert "en/email.txt:2" in err


def test_a_good_text_of_ones_own_is_used(amends, house):
    with_words(house, "en/sms.txt", "{{ sender }}: please call us.")
    code, out, _ = amends("templates", "-c", house.config, "--lint")
    assert (code, out) == (0, "all texts may be used\n")
    _, out, _ = amends(
        "templates", "-c", house.config, "--preview", "visit.wait", "--channel", "sms"
    )
    assert "please call us." in out


def test_an_unknown_site_is_a_wrong_command_line(amends, house):
    code, _, err = amends(
        "templates", "-c", house.config, "--preview", "visit.wait", "--site", "moon"
    )
    assert code == 64
    assert "No such site" in err


def test_the_playbook_is_printed_in_three_forms(amends, house):
    code, text, _ = amends("playbook", "-c", house.config)
    assert code == 0
    assert text.startswith("# When something went wrong for a patient")
    _, page, _ = amends("playbook", "-c", house.config, "--html")
    assert page.startswith("<!DOCTYPE html>")
    _, out, _ = amends("playbook", "-c", house.config, "--json")
    assert len(json.loads(out)["entries"]) == 18
    code, _, _ = amends("playbook", "-c", house.config, "--site", "moon")
    assert code == 64


def test_status_says_that_texts_are_refused(amends, house):
    house.state.mkdir(mode=0o700)
    assert amends("once", "-c", house.config)[0] == 0
    with_words(house, "en/say.visit.wait.txt", "We are sorry if you felt that way.")
    _, out, _ = amends("status", "-c", house.config)

    assert "texts of recovery.drafts.folder are not used: 1 fault" in out
