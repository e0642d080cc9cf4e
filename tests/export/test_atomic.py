from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sparsify_tui.errors import ExportError
from sparsify_tui.export.atomic import write_text


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def refused(path: Path, text: str = "new", overwrite: bool = True) -> ExportError:
    with pytest.raises(ExportError) as caught:
        write_text(path, text, overwrite=overwrite)
    assert caught.value.message.startswith(f"{path} cannot be written: ")
    assert caught.value.hint
    return caught.value


def test_the_text_is_there_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yml"

    assert write_text(path, "modifiers:\r\n  - × é\n") == path
    assert path.read_bytes() == "modifiers:\r\n  - × é\n".encode()
    assert names(tmp_path) == {"recipe.yml"}


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    assert write_text(Path("~/recipe.yml"), "new") == tmp_path / "recipe.yml"
    assert (tmp_path / "recipe.yml").read_text() == "new"


def test_a_relative_path_is_written_and_returned_as_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert write_text(Path("recipe.yml"), "new") == Path("recipe.yml")
    assert (tmp_path / "recipe.yml").read_text() == "new"


def test_a_new_file_has_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        path = write_text(tmp_path / "recipe.yml", "new")
    finally:
        os.umask(old)

    assert path.stat().st_mode & 0o777 == 0o640


def test_an_old_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "run.py"
    path.write_text("a longer old text")
    path.chmod(0o755)

    write_text(path, "new")

    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o755


def test_a_link_leads_to_the_file_that_is_written(tmp_path: Path) -> None:
    link, target = tmp_path / "link.yml", tmp_path / "target.yml"
    link.symlink_to(target)

    assert write_text(link, "new") == link
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_one_missing_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "recipes" / "recipe.yml"
    write_text(path, "new")

    assert path.read_text() == "new"


def test_two_missing_folders_are_more_likely_a_slip(tmp_path: Path) -> None:
    error = refused(tmp_path / "no" / "such" / "recipe.yml")

    assert "folder is missing" in error.message
    assert names(tmp_path) == set()


def test_a_file_is_not_overwritten_unless_allowed(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yml"
    write_text(path, "old", overwrite=False)

    assert "there already" in refused(path, overwrite=False).message
    assert path.read_text() == "old"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "it is a folder" in refused(tmp_path).message


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")

    assert "is a file, not a folder" in refused(tmp_path / "file" / "recipe.yml").message


def test_a_device_or_pipe_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    """Run by root, a rename onto /dev/null would take it from the whole system."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    assert "device or a pipe" in refused(pipe).message
    assert pipe.is_fifo()


def test_the_longest_name_fits_and_a_longer_one_is_refused(tmp_path: Path) -> None:
    assert write_text(tmp_path / ("n" * 255), "new").read_text() == "new"
    assert "too long" in refused(tmp_path / ("n" * 256)).message


def test_names_that_no_file_can_have_are_refused(tmp_path: Path) -> None:
    refused(tmp_path / "zero\0byte")
    refused(Path("~no-such-user-here/recipe.yml"))
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    refused(circle)


def test_text_that_is_not_unicode_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "recipe.yml", "\ud800")

    assert names(tmp_path) == set()


def test_a_write_protected_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rename would get round the protection; root may do all, so the answer is played."""
    path = tmp_path / "recipe.yml"
    path.write_text("old")
    monkeypatch.setattr(os, "access", lambda *_: False)

    assert "permission is denied" in refused(path).message
    assert path.read_text() == "old"


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (errno.EACCES, "permission is denied"),
        (errno.EROFS, "read-only"),
        (errno.ENOSPC, "no space left"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_whatever_fails_the_old_text_stays_and_nothing_is_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, cause: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    old, new = tmp_path / "recipe.yml", tmp_path / "folder" / "recipe.yml"
    old.write_text("old")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        assert cause in refused(old).message
        assert cause in refused(new).message

    assert old.read_text() == "old"
    assert names(tmp_path) == {"recipe.yml"}, "the folder that was made is gone again"


def test_a_folder_that_was_there_stays_after_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "folder").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        refused(tmp_path / "folder" / "recipe.yml")

    assert names(tmp_path) == {"folder"}


def test_a_write_that_breaks_off_half_way_leaves_the_old_text(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yml"
    path.write_text("old")
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from sparsify_tui.errors import ExportError\n"
        "from sparsify_tui.export.atomic import write_text\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "try: write_text(Path(sys.argv[1]), 'x' * 9000)\n"
        "except ExportError as error: print(error.message)\n"
    )
    command = [sys.executable, "-c", script, str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)

    assert "a limit on the size of files is reached" in result.stdout
    assert path.read_text() == "old"
    assert names(tmp_path) == {"recipe.yml"}
