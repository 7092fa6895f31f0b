"""config.example.toml loads, and knows every key."""

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from connector import plugins
from connector.domain.errors import ConfigError
from connector.settings import load
from connector.settings.annotations import inner_model, is_secret
from connector.settings.model import Settings

EXAMPLE = Path(__file__).resolve().parents[2] / "config.example.toml"
DEFAULT = re.compile(r"^#(?=[a-z_]+ = )", re.MULTILINE)


def installed():
    """Import the kinds that the example names: the sources' classes and the helpdesk's."""
    data = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    classes = [plugins.source_class(source["kind"]) for source in data["sources"]]
    return classes, plugins.helpdesk_class(data["helpdesk"]["kind"])


@pytest.fixture
def example(tmp_path):
    """Write the example, changed by a function, with its secret files in a folder of ours."""

    def example(change=lambda text: text):
        text = change(EXAMPLE.read_text(encoding="utf-8"))
        for path in re.findall(r'_file = "(/etc/[^"]+)"', text):
            secret = tmp_path / Path(path).name
            secret.write_text("s3cret\n", encoding="utf-8")
            secret.chmod(0o600)
            text = text.replace(path, str(secret))
        config = tmp_path / "config.toml"
        config.write_text(text, encoding="utf-8")
        return load(config, environ={})

    return example


def test_the_example_loads_without_a_warning(example):
    assert example().warnings == ()


def test_every_key_behind_a_sign_is_valid_and_the_default(example):
    plain, everything = example(), example(lambda text: DEFAULT.sub("", text))
    assert list(_changed(plain, everything, "")) == []


def test_every_key_of_every_section_stands_in_the_example():
    sources, helpdesk = installed()
    text = DEFAULT.sub("", EXAMPLE.read_text(encoding="utf-8"))
    data = tomllib.loads(text)
    missing = [*_missing(data, Settings, "")]
    for model, table in zip(sources, data["sources"], strict=True):
        missing += _missing(table, model, f"{table['name']}.")
    missing += _missing(data["helpdesk"], helpdesk, "helpdesk.")
    assert missing == []


def test_every_line_that_is_no_key_explains(example):
    example()
    explained = re.findall(r"^# .{8,}$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    keys = re.findall(r"^#?[a-z_]+ = ", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(explained) > len(keys) / 2


def _missing(table, model, before, *, hours=True):
    for name, info in model.model_fields.items():
        value = table.get(name)
        if name == "hours" and not hours:
            continue
        if value is None and not (is_secret(info.annotation) and f"{name}_file" in table):
            yield f"{before}{name}"
        inner = inner_model(info.annotation)
        if name == "sites":
            yield from _missing(value["north"], inner, "sites.north.", hours=False)
        elif name == "by_category":
            yield from _missing(value["privacy.confidentiality"], inner, f"{before}{name}.")
        elif f"{before}{name}" == "triage.comments.sources":
            yield from _missing(value["survey"], inner, f"{before}{name}.survey.")
        elif isinstance(value, dict) and inner is not None and name not in {"helpdesk", "map"}:
            yield from _missing(value, inner, f"{before}{name}.")


def _changed(plain, everything, before):
    """Name keys whose given value is not the default, except where there is no default."""
    for name in type(plain).model_fields:
        first, second = getattr(plain, name), getattr(everything, name)
        if isinstance(first, BaseModel):
            yield from _changed(first, second, f"{before}{name}.")
        elif name == "sites":
            for key in first:
                yield from _changed(first[key], second[key], f"{before}{name}.{key}.")
        elif isinstance(first, tuple) and first and isinstance(first[0], BaseModel):
            for one, other in zip(first, second, strict=True):
                yield from _changed(one, other, f"{before}{one.name}.")
        elif first != second and first is not None:
            yield f"{before}{name}"


@pytest.mark.parametrize(
    ("path", "pattern", "refused"),
    [
        ("/srv/surveys", "*", True),
        ("/srv/surveys/", "visit-2026-*.csv", True),
        ("/srv/surveys/visit-1.csv", "*", True),
        ("/srv/surveys", "csat-*.csv", False),
        ("/srv/other", "visit-*.csv", False),
    ],
)
def test_two_sources_that_read_the_same_files_are_a_fault(example, path, pattern, refused):
    second = (
        '[[sources]]\nkind = "survey_file"\nname = "second"\nguess = true\n'
        f'path = "{path}"\npattern = "{pattern}"\n\n[helpdesk]\n'
    )

    def both(text):
        return text.replace("[helpdesk]\n", second, 1)

    if not refused:
        assert len(example(both).sources) == len(example().sources) + 1
        return
    with pytest.raises(ConfigError, match="reads these files already"):
        example(both)
