import os
from pathlib import Path

import pytest

from wizard.platform.files import read_regular
from wizard.platform.system import RealSystem


def test_a_file_is_read_whole_with_octets_that_are_no_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"a\xff" * 100_000)
    assert read_regular(file) == "a\udcff" * 100_000
    (tmp_path / "link").symlink_to(file)
    assert read_regular(tmp_path / "link") == "a\udcff" * 100_000


def test_files_of_the_kernel_are_read_though_they_call_their_size_0() -> None:
    assert read_regular(Path("/proc/sys/kernel/ostype")) == "Linux\n"
    assert "Uid:" in read_regular(Path("/proc/self/status"))


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "endless").symlink_to("/dev/zero")
    for name in ("fifo", "endless", "."):
        with pytest.raises(OSError, match="not a regular file"):
            read_regular(tmp_path / name)


def test_the_system_opens_nothing_before_it_knows_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[str, int]] = []
    real = os.open

    def watched(path: str, flags: int, *rest: int, **more: int) -> int:
        opened.append((os.fspath(path), flags))
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", watched)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "device").symlink_to("/dev/zero")
    (tmp_path / "nowhere").symlink_to("/nonexistent")
    for name in ("fifo", "device", "."):
        with pytest.raises(OSError, match="not a regular file"):
            RealSystem().read(str(tmp_path / name))
    assert len(opened) == 3
    assert all(flags & os.O_PATH for _path, flags in opened)
    with pytest.raises(OSError, match="a link that leads nowhere"):
        RealSystem().read(str(tmp_path / "nowhere"))
    assert RealSystem().read(str(tmp_path / "none")) is None


def test_a_file_that_is_too_large_is_given_up(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("12345")
    assert read_regular(file, largest=5) == "12345"
    with pytest.raises(OSError, match="too large"):
        read_regular(file, largest=4)
    with file.open("wb") as sparse:
        sparse.truncate(1 << 40)
    with pytest.raises(OSError, match="too large"):
        read_regular(file)
