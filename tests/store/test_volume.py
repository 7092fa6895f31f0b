"""A state on a network file system is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.domain.errors import StateError
from connector.store import volume
from connector.store.store import Store


def mounts(tmp_path: Path, kind: str) -> Path:
    file = tmp_path / "mounts"
    place = str(tmp_path / "a disk").replace(" ", "\\040")
    file.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {place} {kind} rw 0 0\nodd\n")
    (tmp_path / "a disk").mkdir(exist_ok=True)
    return file


@pytest.mark.parametrize("kind", sorted(volume.NETWORK))
def test_a_network_file_system_is_refused_with_the_cure(tmp_path: Path, kind: str) -> None:
    where = tmp_path / "a disk" / "state"
    with pytest.raises(StateError, match=f"\\({kind}\\).*move the state") as e:
        volume.refuse_network(where, mounts(tmp_path, kind))
    assert e.value.exit_code == 74


def test_a_local_one_is_not(tmp_path: Path) -> None:
    where = tmp_path / "a disk" / "state"
    volume.refuse_network(where, mounts(tmp_path, "xfs"))
    volume.refuse_network(tmp_path, mounts(tmp_path, "nfs4"))
    volume.refuse_network(where, tmp_path / "no such file")


def test_the_daemon_refuses_and_a_setting_overrules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volume, "filesystem", lambda *_: "nfs4")
    state = tmp_path / "state"
    with pytest.raises(StateError, match="nfs4"):
        Store(state, role="daemon", actor="daemon")
    assert not state.exists()
    Store(state, role="daemon", actor="daemon", on_network=True).close()
