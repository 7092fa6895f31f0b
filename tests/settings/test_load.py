import json
import os
import re
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers.kinds import register
from servers.standins import BoxSettings, DeskSettings

from connector.domain.errors import ConfigError
from connector.settings import load, load_reading, masked, schema, toml

WHOLE = """\
state_dir = "/var/lib/amends"

[practice]
name = "Harbor Family Clinic"
zone = "America/New_York"
own_addresses = ["Feedback@Clinic.example"]

[[sources]]
kind = "box"
name = "feedback"
host = "mail.clinic.example"
password = "hunter2-horse"

[[sources]]
kind = "lines"
name = "front-desk"
path = "/srv/lines.txt"

[helpdesk]
kind = "desk"
url = "https://desk.clinic.example"
token = "tok-9f8e7d6c"
"""

NO_PASSWORD = (
    'sources[0].password: is missing; give password_file = "/path" '
    "(or a systemd credential) (line 8)"
)
NO_SUCH_KIND = (
    "sources[1].kind: unknown kind; did you mean lines? "
    "known are: box, broken, lines, odd (line 15)"
)


@pytest.fixture(autouse=True)
def standins(monkeypatch):
    register(monkeypatch)


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "config.toml"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        path.chmod(0o600)
        return path

    return write


def faults(path, environ=None):
    with pytest.raises(ConfigError) as caught:
        load(path, environ=environ or {})
    return caught.value.faults


def secret_file(tmp_path, text, mode=0o600):
    path = tmp_path / "secret"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_a_whole_file_becomes_settings_with_each_plugins_own_class(write):
    settings = load(write(WHOLE), environ={})
    feedback, desk = settings.sources[0], settings.helpdesk
    assert isinstance(feedback, BoxSettings)
    assert isinstance(desk, DeskSettings)
    assert feedback.password.get_secret_value() == "hunter2-horse"
    practice = settings.practice.build()
    assert practice.zone.key == "America/New_York"
    assert practice.own_addresses == {"feedback@clinic.example"}


def test_every_fault_is_named_in_one_go_with_its_path_and_line(write):
    text = (
        WHOLE.replace("password =", "pasword =")
        .replace("America/New_York", "America/Newyork")
        .replace('kind = "lines"', 'kind = "line"')
        .replace('url = "https://desk.clinic.example"', "deadline_seconds = 0")
        + '[pipeline]\nsenders = "many"\n[tirage]\n'
    )
    assert set(faults(write(text))) == {
        "practice.zone: no such time zone; did you mean America/New_York? (line 5)",
        "sources[0].pasword: unknown key; did you mean password? (line 12)",
        NO_PASSWORD,
        NO_SUCH_KIND,
        "helpdesk.url: is missing (line 19)",
        "helpdesk.deadline_seconds: input should be greater than or equal to 1 (line 21)",
        "pipeline.senders: must be a whole number (line 24)",
        "tirage: unknown key; did you mean triage? (line 25)",
    }


def test_a_syntax_error_names_file_and_line(write):
    path = write('state_dir = "/x"\n[practice\n')
    with pytest.raises(ConfigError) as caught:
        load(path, environ={})
    assert str(caught.value).startswith(f"{path}: is not TOML: ")
    assert "line 2" in str(caught.value)


def test_a_file_that_is_not_there_is_told_with_a_cure(tmp_path):
    with pytest.raises(ConfigError, match=r"No such file or directory; name it with -c FILE"):
        load(tmp_path / "none.toml", environ={})


def test_a_file_of_other_bytes_is_no_configuration(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(b'state_dir = "/x"\nname = "\xff"\n')
    assert faults(path) == ("is not UTF-8 text (line 2)",)
    path.write_bytes(b"#" * 2_000_000)
    assert faults(path) == ("is larger than 1048576 bytes",)
    path.write_text("x = " + "[" * 20_000, encoding="utf-8")
    assert "is not TOML" in faults(path)[0]


def test_the_path_comes_from_the_environment_when_none_is_given(write):
    path = write(WHOLE)
    assert load(environ={"AMENDS_CONFIG": str(path)}).practice.name == "Harbor Family Clinic"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"front-desk"', '"feedback"', "sources[1].name: sources[0] has this name already"),
        ('"front-desk"', '"helpdesk"', "sources[1].name: the name helpdesk is reserved"),
        ('"front-desk"', '"Front Desk"', "sources[1].name: string should match pattern"),
        ('kind = "lines"\n', "", "sources[1].kind: is missing; known kinds are box, broken"),
        (
            'kind = "lines"\n',
            'kind = ["box"]\n',
            "sources[1].kind: must be one name between quotes",
        ),
        ('kind = "lines"', 'kind = "broken"', "the plugin broken of an unknown distribution"),
        ('kind = "lines"', 'kind = "odd"', "is no SourceSettings"),
        ('kind = "desk"', 'kind = "box"', "helpdesk.kind: unknown kind; known are: desk"),
        ("America/New_York", "New York", "practice.zone: no such time zone; did you mean Am"),
        ("America/New_York", "../../etc/passwd", "practice.zone: no such time zone"),
        ('name = "Harbor Family Clinic"', "", "practice.name: is missing: Name of the practice"),
        ('"Feedback@Clinic.example"', '"clinic"', "own_addresses: an entry is no mail address"),
        ("[practice]", '[practice]\nregion = "UK"', "no such country; did you mean GB?"),
        ('host = "mail', 'team = 1.5\nhost = "mail', "sources[0].team: must be a whole number, or"),
        ("[helpdesk]", "[triage.words]\nx = ['ab']\n[helpdesk]", "no such category: x (line 19)"),
        (
            "[helpdesk]",
            "[triage.safety_words]\nharm = ['ab']\n[helpdesk]",
            "triage.safety_words.harm: input should be 'self_harm'",
        ),
        (
            "[helpdesk]",
            "[triage.words]\n'billing.money' = 'x'\n[helpdesk]",
            'words."billing.money"',
        ),
        ('host = "mail.clinic.example"', "host = 5", "sources[0].host: must be text in quotes"),
    ],
)
def test_a_fault_is_told_in_words_that_help(write, old, new, fault):
    told = faults(write(WHOLE.replace(old, new, 1)))
    assert len(told) == 1
    assert fault in told[0]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "practice.name: is missing"),
        ("sources = 5", "sources: must be a list of tables"),
        ('[sources]\nkind = "box"', "sources: is a list: write [[sources]], in double brackets"),
        ("sources = []", "sources: must not be empty"),
        ("sources = [5]", "sources[0]: "),
        ('helpdesk = "desk"', "helpdesk: "),
        ('practice = "Harbor"', "practice: must be a table: write [practice]"),
    ],
)
def test_a_file_of_the_wrong_shape_is_told_so(write, text, fault):
    assert any(line.startswith(fault) for line in faults(write(text)))


def test_two_names_that_the_environment_could_not_tell_apart_are_one(write):
    text = WHOLE.replace('"feedback"', '"front_desk"')
    assert faults(write(text)) == (
        "sources[1].name: sources[0] has this name already; choose another (line 16)",
    )


def test_the_environment_overrides_the_file(write):
    settings = load(
        write(WHOLE),
        environ={
            "AMENDS_STATE_DIR": "/srv/state",
            "AMENDS_PRACTICE__PHONE": "5550100",
            "AMENDS_PIPELINE__SENDERS": "4",
            "AMENDS_HELPDESK__TOKEN": "12345",
            "AMENDS_SOURCES__FEEDBACK__PORT": "1993",
            "AMENDS_SOURCES__FEEDBACK__FOLDERS": '["INBOX", "Praise"]',
            "AMENDS_SOURCES__FRONT_DESK__SHOUT": "true",
            "AMENDS_KEEP": "another program's",
            "PATH": "/bin",
        },
    )
    assert settings.state_dir == Path("/srv/state")
    assert settings.practice.phone == "5550100"
    assert settings.pipeline.senders == 4
    feedback, desk = settings.sources
    assert (feedback.port, feedback.folders) == (1993, ("INBOX", "Praise"))
    assert desk.shout
    assert settings.helpdesk.token.get_secret_value() == "12345"


def test_a_variable_that_sets_nothing_is_a_fault(write):
    environ = {
        "AMENDS_HELPDSEK__TOKEN": "x",
        "AMENDS_HELPDESK__TOKN": "x",
        "AMENDS_SOURCES__FEEDBAK__PORT": "1",
        "AMENDS_SOURCES__FEEDBACK__FOLDERS": "INBOX",
        "AMENDS_SOURCES": "[]",
    }
    told = faults(write(WHOLE), environ)
    assert len(told) == 5
    text = "\n".join(told)
    assert "AMENDS_HELPDSEK__TOKEN: sets nothing: unknown section; did you mean" in text
    assert "helpdesk.tokn: unknown key; did you mean token?" in text
    assert "there is no such source; the sources are feedback, front_desk" in text
    assert "AMENDS_SOURCES__FEEDBACK__FOLDERS: cannot be read: a list or table" in text


def test_a_helpdesk_may_come_from_the_environment_alone(write):
    text = WHOLE[: WHOLE.index("[helpdesk]")]
    environ = {
        "AMENDS_HELPDESK__KIND": "desk",
        "AMENDS_HELPDESK__URL": "https://desk.example",
        "AMENDS_HELPDESK__TOKEN": "t",
    }
    assert load(write(text), environ=environ).helpdesk.url == "https://desk.example"


@pytest.mark.parametrize("name", ["json", "copy", "model_dump", "3cx"])
def test_any_word_may_name_a_source(write, name):
    settings = load(
        write(WHOLE.replace('"feedback"', f'"{name}"')),
        environ={f"AMENDS_SOURCES__{name.upper()}__PORT": "1993"},
    )
    assert settings.sources[0].port == 1993


def test_a_secret_may_stand_in_a_file_of_its_own(write, tmp_path):
    secret = secret_file(tmp_path, "from a file\n")
    text = WHOLE.replace('password = "hunter2-horse"', f'password_file = "{secret}"')
    settings = load(write(text), environ={})
    assert settings.sources[0].password.get_secret_value() == "from a file"
    assert settings.origins["sources[0].password"] == f"file {secret}"
    assert len(settings.warnings) == 1  # the helpdesk's token still stands in the file


def test_a_secret_inside_a_table_may_stand_in_a_file_too(write, tmp_path):
    secret = secret_file(tmp_path, "s3cret")
    inner = f'sign = {{ client_secret_file = "{secret}" }}\n'
    settings = load(write(WHOLE.replace("host =", inner + "host =")), environ={})
    assert settings.sources[0].sign.client_secret.get_secret_value() == "s3cret"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_secret_file_that_others_can_use_is_refused_with_the_cure(write, tmp_path, mode):
    secret = secret_file(tmp_path, "from a file", mode)
    text = WHOLE.replace('password = "hunter2-horse"', f'password_file = "{secret}"')
    (told,) = faults(write(text))
    assert told == (
        f"sources[0].password_file: others than its owner can use {secret}; run: chmod 600"
        f" {secret} (line 12)"
    )


def test_a_secret_file_that_cannot_be_used_is_told_and_never_hangs(write, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    empty = secret_file(tmp_path, "\n")
    big = tmp_path / "big"
    big.write_bytes(b"x" * 70_000)
    big.chmod(0o600)
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    binary.chmod(0o600)
    for value, problem in [
        (str(tmp_path / "none"), "No such file or directory"),
        (str(pipe), "is no regular file"),
        (str(tmp_path), "is no regular file"),
        (str(empty), "is empty"),
        (str(big), "is larger than 65536 bytes"),
        (str(binary), "is not UTF-8 text"),
        ("", "must be a path in quotes"),
    ]:
        text = WHOLE.replace('password = "hunter2-horse"', f'password_file = "{value}"')
        (told,) = faults(write(text))
        assert told.startswith("sources[0].password_file: ")
        assert problem in told


def test_a_secret_file_that_cannot_be_used_is_one_fault_not_an_empty_secret_too(write):
    text = WHOLE.replace('token = "tok-9f8e7d6c"', 'token_file = "/nowhere/token"')
    (told,) = faults(write(text))
    assert told.startswith("helpdesk.token_file: cannot read /nowhere/token: ")


def test_a_secret_given_twice_is_a_fault(write, tmp_path):
    secret = secret_file(tmp_path, "from a file")
    text = WHOLE.replace("password =", f'password_file = "{secret}"\npassword =')
    assert faults(write(text))[0].startswith(
        "sources[0].password: give either password or password_file, not both"
    )


def test_a_systemd_credential_wins_and_may_be_group_readable(write, tmp_path):
    for name, value in [("feedback.password", "one"), ("helpdesk.token", "two")]:
        (tmp_path / name).write_text(value, encoding="utf-8")
        (tmp_path / name).chmod(0o440)
    text = WHOLE.replace('token = "tok-9f8e7d6c"', "")
    settings = load(write(text), environ={"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert settings.sources[0].password.get_secret_value() == "one"
    assert settings.helpdesk.token.get_secret_value() == "two"
    assert settings.warnings == ()


def test_a_plain_secret_works_with_a_warning(write):
    path = write(WHOLE)
    warnings = load(path, environ={}).warnings
    assert warnings[0] == (
        "sources[0].password: this secret stands in plain text (line 12); "
        "put it into a file of its own and give password_file"
    )
    path.chmod(0o644)
    assert load(path, environ={}).warnings[-1].endswith(f"run: chmod 600 {path}")


def test_no_message_and_no_print_holds_a_secret(write):
    broken = (
        WHOLE.replace("America/New_York", "hunter2-horse")
        .replace("password =", "pasword =")
        .replace('token = "', 'token_ = "tok-9f8e7d6c"\ntoken = "')
        .replace('kind = "lines"', 'kind = "tok-9f8e7d6c"')
    )
    text = "\n".join(faults(write(broken)))
    assert "hunter2-horse" not in text
    assert "tok-9f8e7d6c" not in text
    settings = load(write(WHOLE), environ={})
    shown = f"{settings!r} {settings} {masked(settings)} {toml(settings)} {settings.warnings}"
    assert "hunter2-horse" not in shown
    assert "tok-9f8e7d6c" not in shown


def test_what_is_printed_tells_where_each_key_came_from(write):
    settings = load(write(WHOLE), environ={"AMENDS_HELPDESK__URL": "https://u:pw@desk.example"})
    lines = toml(settings).splitlines()
    assert 'zone = "America/New_York"  # line 5' in lines
    assert 'url = "https://**********@desk.example"  # AMENDS_HELPDESK__URL' in lines
    assert "port = 993  # default" in lines
    assert 'password = "**********"  # line 12' in lines


def test_a_default_in_a_given_table_is_still_a_default(write):
    text = WHOLE + "[triage.phone]\nmaze_transfers = 5\n"
    environ = {"AMENDS_LOG": '{"level": "debug"}'}
    lines = toml(load(write(text), environ=environ)).splitlines()
    assert "maze_transfers = 5  # line 24" in lines
    assert "maze_recordings = 2  # default" in lines
    assert 'level = "debug"  # AMENDS_LOG' in lines


def test_the_schema_knows_every_kind_and_its_secret_files():
    document = schema()
    kinds = document["properties"]["sources"]["items"]["oneOf"]
    names = {kind["$ref"].rpartition("/")[2] for kind in kinds}
    assert names == {"BoxSettings", "LinesSettings"}
    box = document["$defs"]["BoxSettings"]
    assert box["properties"]["kind"]["const"] == "box"
    assert "password_file" in box["properties"]
    assert "password" not in box["required"]
    assert {"host", "kind", "name"} <= set(box["required"])
    assert _dangling(document) == set()


def _dangling(document):
    """Name definitions that are referred to and are not there."""
    referred = set(re.findall(r'"#/\$defs/([^"]+)"', json.dumps(document)))
    return referred - set(document["$defs"])


def test_a_reading_asks_for_no_secrets_and_only_for_the_kinds_in_question(write):
    text = WHOLE.replace('password = "hunter2-horse"\n', "").replace('token = "tok-9f8e7d6c"', "")
    reading = load_reading(write(text), frozenset({"lines"}), environ={})
    assert [source.name for source in reading.sources] == ["front-desk"]
    assert reading.practice.name == "Harbor Family Clinic"
    assert "triage" in reading.sections


@given(
    st.dictionaries(
        st.sampled_from(["practice", "sources", "helpdesk", "log", "x y", "state_dir", "triage"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["kind", "name", "zone", "password_file", "level", "a.b", ""]),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=10,
        ),
        max_size=5,
    )
)
def test_any_file_is_settings_or_a_config_error(tmp_path_factory, data):
    import tomli_w  # noqa: PLC0415

    def drop(value):
        if isinstance(value, dict):
            return {key: drop(inner) for key, inner in value.items() if inner is not None}
        return [drop(v) for v in value if v is not None] if isinstance(value, list) else value

    path = tmp_path_factory.mktemp("any") / "config.toml"
    try:
        path.write_text(tomli_w.dumps(drop(data)), encoding="utf-8")
    except UnicodeEncodeError:
        return
    with pytest.raises(ConfigError) as caught:
        load(path, environ={})
    assert caught.value.faults
