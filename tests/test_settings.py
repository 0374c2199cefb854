"""Settings of files: valid values, and that a bad value stops the start with a message."""

from pathlib import Path

import pytest

from orders import monitoring_settings
from orders.domain.inputs import FILE_TYPES, Limits
from orders.monitoring_settings import listen_address
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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FILE_TYPES", "png"),
        ("FILE_TYPES", "image/png; charset=x"),
        ("FILE_STORE", "bucket"),
        ("FILE_STORE", "s3://"),
        ("FILE_STORE", "/var/files"),
        ("SETUP_TOKEN", "x" * 31),
        ("SETUP_TOKEN", "x" * 201),
        ("SETUP_TOKEN", "x" * 31 + "&"),
        ("LOG_FORMAT", "xml"),
        ("METRICS_TOKEN", "x" * 15),
        ("METRICS_LISTEN", "many"),
        ("METRICS_LISTEN", "10.0.0.5:65536"),
        ("METRICS_LISTEN", "::1:9100"),
        ("METRICS_LISTEN", "10.0.0.5:8000"),
        ("MAX_FILES", "0"),
        ("MAX_FILE_BYTES", "10 MB"),
    ],
)
def test_a_bad_value_stops_the_start(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name):
        read_settings({"DATA_DIR": str(tmp_path), name: value})


@pytest.mark.parametrize(
    ("text", "host"), [("9100", "127.0.0.1"), ("web-1:9100", "web-1"), ("[::1]:9100", "::1")]
)
def test_metrics_have_an_address_of_their_own(text: str, host: str) -> None:
    assert listen_address(text) == (host, 9100)


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "opentelemetry-exporter-otlp-proto-http"),
        ("SENTRY_DSN", "sentry-sdk"),
    ],
)
def test_a_missing_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str
) -> None:
    here = {"DATA_DIR": str(tmp_path), name: "http://key@127.0.0.1:4318/1"}
    read_settings(here)
    monkeypatch.setattr(monitoring_settings, "find_spec", lambda _: None)
    with pytest.raises(BadSetting, match=f"^{name} is set, but {package} is not installed"):
        read_settings(here)
