from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from sparsify_tui.store.files import make_folder, read_file, replace_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_the_backup_holds_the_content_before(path: Path) -> None:
    backup = path.with_name("backup")
    for content in (b"one", b"two", b"three"):
        replace_file(path, content, backup=backup)

    assert path.read_bytes() == b"three"
    assert backup.read_bytes() == b"two"
    assert names(path.parent) == {"file", "backup"}


def test_a_backup_that_is_the_file_itself_leaves_no_litter(path: Path) -> None:
    """So it is after a save that failed between the backup and the replacement."""
    backup = path.with_name("backup")
    path.write_bytes(b"one")
    backup.hardlink_to(path)

    replace_file(path, b"two", backup=backup)

    assert (path.read_bytes(), backup.read_bytes()) == (b"two", b"one")
    assert names(path.parent) == {"file", "backup"}


def test_the_backup_is_a_copy_where_files_cannot_share_names(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no links on this file system")

    monkeypatch.setattr(os, "link", refuse)
    backup = path.with_name("backup")
    for content in (b"one", b"two"):
        replace_file(path, content, backup=backup)

    assert (path.read_bytes(), backup.read_bytes()) == (b"two", b"one")
    assert names(path.parent) == {"file", "backup"}


def test_only_the_user_may_read_the_file(path: Path) -> None:
    replace_file(path, b"one")

    assert path.stat().st_mode & 0o777 == 0o600


def test_what_a_killed_writer_left_is_cleared_away(path: Path) -> None:
    path.write_bytes(b"old")
    for name in (".file.tmp", ".backup.tmp"):
        path.with_name(name).write_bytes(b"half")

    replace_file(path, b"new", backup=path.with_name("backup"))

    assert names(path.parent) == {"file", "backup"}
    assert path.with_name("backup").read_bytes() == b"old"


def test_a_link_in_the_temporary_files_place_leads_nowhere(path: Path) -> None:
    victim = path.with_name("victim")
    victim.write_bytes(b"precious")
    path.with_name(".file.tmp").symlink_to(victim)

    replace_file(path, b"one")

    assert victim.read_bytes() == b"precious"
    assert not path.is_symlink()


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of the disk, in this order."""
    noted: list[str] = []
    fsync, rename = os.fsync, os.replace

    def note_fsync(descriptor: int) -> None:
        noted.append(f"fsync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        fsync(descriptor)

    def note_rename(source: Path, target: Path) -> None:
        noted.append(f"rename to {Path(target).name}")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "replace", note_rename)
    return noted


def test_the_data_then_its_name_reach_the_disk(path: Path, steps: list[str]) -> None:
    """Without the first fsync a power cut leaves an empty file, without the second the old one."""
    replace_file(path, b"one")

    assert steps == ["fsync .file.tmp", "rename to file", f"fsync {path.parent.name}"]


def test_the_names_of_new_folders_reach_the_disk(tmp_path: Path, steps: list[str]) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")

    assert steps == [f"fsync {tmp_path.name}", "fsync a"]


def test_only_regular_files_are_read(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(OSError, match="Not a regular file"):
        read_file(path)
    with pytest.raises(OSError, match="Not a regular file"):
        read_file(path.parent)
