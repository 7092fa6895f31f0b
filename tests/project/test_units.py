"""The systemd units: hardened, explained line by line, and alike."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).resolve().parents[2] / "deploy" / "systemd"
UNITS = ["amends.service", "amends@.service", "amends-listen@.service"]
FILES = [*UNITS, "drop-ins/network-allow-list.conf"]
EXPOSURE = "11"  # tenths; what remains is the network itself, see deploy/systemd/README.md


@pytest.mark.parametrize("name", FILES)
def test_each_setting_has_its_reason_right_above(name: str) -> None:
    lines = (SYSTEMD / name).read_text(encoding="utf-8").splitlines()
    bare = [
        line
        for above, line in zip(["", *lines], lines, strict=False)
        if "=" in line and not line.startswith("#") and not above.startswith("# ")
    ]
    assert bare == []


@pytest.mark.parametrize("name", UNITS)
def test_the_exposure_is_what_a_network_daemon_cannot_go_below(name: str) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze here to judge the unit")
    done = subprocess.run(
        [analyze, "security", "--offline=yes", f"--threshold={EXPOSURE}", str(SYSTEMD / name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-200:] + done.stderr


def test_the_template_is_the_plain_unit_with_the_names_changed() -> None:
    def settings(name: str) -> list[str]:
        text = (SYSTEMD / name).read_text(encoding="utf-8")
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        return [line for line in lines if not line.startswith("Description=")]

    renamed = [
        re.sub("amends-%i", "amends", line).replace("%i.toml", "config.toml")
        for line in settings("amends@.service")
    ]
    assert renamed == settings("amends.service")
    assert settings("amends@.service") != settings("amends.service")


def test_a_fault_in_the_configuration_is_not_tried_again_and_all_else_is() -> None:
    text = (SYSTEMD / "amends.service").read_text(encoding="utf-8")
    assert "\nRestart=always\n" in text
    assert "\nRestartPreventExitStatus=78\n" in text
    assert "\nStartLimitIntervalSec=0\n" in text


def test_the_unit_works_with_the_systemd_of_debian_12() -> None:
    text = (SYSTEMD / "amends.service").read_text(encoding="utf-8")
    assert "\nType=notify\n" in text, "notify-reload came with 253; 252 takes it for simple"


def test_the_user_of_the_unit_is_the_one_that_sysusers_makes() -> None:
    lines = (SYSTEMD / "amends.sysusers").read_text(encoding="utf-8").splitlines()
    made = [line.split()[1] for line in lines if line.startswith("u ")]
    unit = (SYSTEMD / "amends.service").read_text(encoding="utf-8")
    assert re.findall(r"^User=(.+)$", unit, flags=re.MULTILINE) == made
