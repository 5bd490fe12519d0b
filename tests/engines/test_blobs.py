"""What the port for files promises, on every engine."""

from pathlib import Path

import pytest

from pyairtable_common.engines.files.blobs import FolderBlobs
from pyairtable_common.repositories.ports import Blobs


def test_a_file_comes_back_byte_for_byte(blobs: Blobs) -> None:
    data = bytes(range(256)) * 100
    blobs.put("app1/att1/file.bin", data, "application/octet-stream")
    assert blobs.get("app1/att1/file.bin") == data


def test_an_empty_file_is_a_file(blobs: Blobs) -> None:
    blobs.put("app1/empty", b"", "text/plain")
    assert blobs.get("app1/empty") == b""


def test_a_file_that_is_not_there_is_none(blobs: Blobs) -> None:
    assert blobs.get("app1/nope") is None


def test_a_second_put_replaces_the_file(blobs: Blobs) -> None:
    blobs.put("app1/a", b"long old text", "text/plain")
    blobs.put("app1/a", b"new", "text/plain")
    assert blobs.get("app1/a") == b"new"


def test_a_deleted_file_is_gone_and_deleting_it_again_is_harmless(blobs: Blobs) -> None:
    blobs.put("app1/a", b"1", "text/plain")
    blobs.delete("app1/a")
    blobs.delete("app1/a")
    assert blobs.get("app1/a") is None


def test_keys_lists_what_begins_with_a_prefix_in_order(blobs: Blobs) -> None:
    for key in ("app2/x", "app1/b", "app1/a/deep", "app10/c"):
        blobs.put(key, b"1", "text/plain")
    assert list(blobs.keys("app1/")) == ["app1/a/deep", "app1/b"]
    assert list(blobs.keys("app1")) == ["app1/a/deep", "app1/b", "app10/c"]
    assert list(blobs.keys("nope")) == []


@pytest.mark.parametrize("key", ["app1/naïve 日本 🙂.txt", "app1/a b+c%20&d=e?.txt"])
def test_a_key_may_hold_any_text(blobs: Blobs, key: str) -> None:
    blobs.put(key, b"1", "text/plain")
    assert blobs.get(key) == b"1"
    assert list(blobs.keys("app1/")) == [key]


@pytest.mark.parametrize("key", ["../outside", "app1/../../outside", "/etc/passwd", "", "."])
def test_a_key_that_leaves_the_folder_is_refused(tmp_path: Path, key: str) -> None:
    (tmp_path / "outside").write_bytes(b"secret")
    blobs = FolderBlobs(tmp_path / "blobs")
    with pytest.raises(ValueError, match="inside its folder"):
        blobs.get(key)
    with pytest.raises(ValueError, match="inside its folder"):
        blobs.put(key, b"overwritten", "text/plain")
    with pytest.raises(ValueError, match="inside its folder"):
        blobs.delete(key)
    assert (tmp_path / "outside").read_bytes() == b"secret"


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(ValueError, match="inside its folder"):
        FolderBlobs(tmp_path / "blobs").get("link/secret")
