"""Settings of files: valid values, and that a bad value stops the start with a message."""

from pathlib import Path

import pytest

from orders.domain.inputs import FILE_TYPES, Limits
from orders.settings import BadSetting, read_settings


def test_types_of_files_are_a_list(tmp_path: Path) -> None:
    here = {"DATA_DIR": str(tmp_path)}
    assert read_settings(here).limits.file_types == FILE_TYPES
    named = read_settings({**here, "FILE_TYPES": "image/PNG, model/gltf-binary,"}).limits
    assert named.file_types == {"image/png", "model/gltf-binary"}


def test_sizes_of_files_are_numbers(tmp_path: Path) -> None:
    values = {"MAX_FILES": "3", "MAX_FILE_BYTES": "7", "MAX_UPLOAD_BYTES": "100",
              "MAX_SCENE_BYTES": "8", "MAX_IMPORT_ROWS": "9", "MAX_ORDER_ROWS": "10"}  # fmt: skip
    limits = read_settings({"DATA_DIR": str(tmp_path), **values}).limits
    assert limits == Limits(
        files=3, file_bytes=7, upload_bytes=100, scene_bytes=8, import_rows=9,
        order_rows=10
    )  # fmt: skip


@pytest.mark.parametrize("address", ["", "s3://bucket", "s3://bucket/a/prefix"])
def test_the_store_is_a_folder_or_a_bucket(tmp_path: Path, address: str) -> None:
    settings = read_settings({"DATA_DIR": str(tmp_path), "FILE_STORE": address})
    assert settings.file_store == address


def test_backups_are_kept_outside_of_the_file_store(tmp_path: Path) -> None:
    here = {"DATA_DIR": str(tmp_path)}
    assert read_settings({**here, "BACKUP_TO": str(tmp_path / "backups")}).backup_to
    for store, to in (
        ("", str(tmp_path / "files" / "backups")),
        ("s3://b/files", "s3://b/files/x"),
    ):
        with pytest.raises(BadSetting, match="BACKUP_TO must not be within the file store"):
            read_settings({**here, "FILE_STORE": store, "BACKUP_TO": to})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FILE_TYPES", "png"),
        ("FILE_TYPES", "image/png; charset=x"),
        ("FILE_STORE", "bucket"),
        ("FILE_STORE", "s3://"),
        ("FILE_STORE", "/var/files"),
        ("BACKUP_TO", "backups"),
        ("BACKUP_TO", "s3://"),
        ("BACKUP_EVERY", "0"),
        ("SETUP_TOKEN", "x" * 31),
        ("SETUP_TOKEN", "x" * 201),
        ("SETUP_TOKEN", "x" * 31 + "&"),
        ("MAX_FILES", "0"),
        ("MAX_FILE_BYTES", "10 MB"),
    ],
)
def test_a_bad_value_stops_the_start(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name):
        read_settings({"DATA_DIR": str(tmp_path), name: value})
