"""Where settings come from, valid values, and that a bad value stops the start."""

import subprocess
from pathlib import Path

import pytest

from orders import monitoring_settings
from orders.domain.inputs import FILE_TYPES, Limits
from orders.environment import MASK, load_env_file, masked
from orders.interfaces.cli.config import effective_settings, misspelled
from orders.monitoring_settings import listen_address
from orders.settings import COMMAND, PROJECT, BadSetting, read_settings


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


def test_a_link_to_the_data_folder_hides_no_backup_in_the_file_store(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    data = str(tmp_path / "link")
    with pytest.raises(BadSetting, match="BACKUP_TO must not be within the file store"):
        read_settings({"DATA_DIR": data, "BACKUP_TO": f"{data}/files/backups"})


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


def test_an_env_file_adds_what_is_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text('PORT=8001\nWORKERS=5\nSECRET_KEY="a$b ${c} # long enough"\n')
    environment = {"WORKERS": "1", "DATA_DIR": str(tmp_path / "data")}
    load_env_file(environment)
    settings = read_settings(environment)
    assert (settings.port, settings.workers) == (8001, 1)
    assert settings.secret_key == "a$b ${c} # long enough"
    sources = {one.setting: one.source for one in effective_settings(environment)}
    assert sources["PORT"] == str(tmp_path / ".env")
    assert sources["WORKERS"] == "environment"
    assert sources["THREADS"] == "default"
    with pytest.raises(BadSetting, match="ENV_FILE"):
        load_env_file({"ENV_FILE": "nowhere.env"})
    (tmp_path / "other.env").write_bytes(b"\xff\xfe")
    with pytest.raises(BadSetting, match=r"other\.env"):
        load_env_file({"ENV_FILE": "other.env"})


def test_no_command_of_flask_reads_the_env_file_first() -> None:
    """It would replace `$NAME` in it, and read those of the folders above."""
    asked = ["make", "--dry-run", "--no-print-directory", "serve"]
    shown = subprocess.run(asked, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    assert shown.rstrip().endswith(" -m orders serve")
    assert COMMAND.endswith(" -m orders")


def test_a_secret_may_be_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key").write_text("a secret of 32 characters, or so\n")
    environment = {"DATA_DIR": str(tmp_path), "SECRET_KEY_FILE": "key"}
    load_env_file(environment)  # the server reads it again, in another folder
    monkeypatch.chdir("/")
    assert read_settings(environment).secret_key == "a secret of 32 characters, or so"
    [shown] = [one for one in effective_settings(environment) if one.setting == "SECRET_KEY"]
    assert (shown.source, shown.value) == (str(tmp_path / "key"), MASK)
    for wrong in ({"SECRET_KEY": "x" * 32}, {"SECRET_KEY_FILE": "/nowhere"}):
        with pytest.raises(BadSetting, match="SECRET_KEY_FILE"):
            read_settings({**environment, **wrong})
    # What is no secret has no file.
    assert read_settings({**environment, "HOST_FILE": "key"}).host == "127.0.0.1"


@pytest.mark.parametrize(
    ("url", "read_url", "words"),
    [
        ("", "postgresql://db/x", "and so must DATABASE_URL"),
        ("postgresql://db/x", "sqlite:///x", "must begin with postgresql://"),
        ("postgresql://db/x", "postgresql://one,two/x", "must name one host"),
        ("postgresql://db/x", "postgresql:///x?host=one&host=two", "must name one host"),
        ("postgresql://db/x", "postgresql://db:port/x", "DATABASE_READ_URL cannot be read"),
    ],
)
def test_a_replica_is_one_server_of_postgresql(
    tmp_path: Path, url: str, read_url: str, words: str
) -> None:
    environment = {
        "DATA_DIR": str(tmp_path), "DATABASE_URL": url, "DATABASE_READ_URL": read_url,
    }  # fmt: skip
    with pytest.raises(BadSetting, match=words):
        read_settings(environment)


@pytest.mark.parametrize(
    "read_url",
    [
        "postgres://u:p%40w@replica:5433/x",
        "postgresql://u@/x?host=replica",
        "postgresql:///x?host=/run",
    ],
)
def test_a_replica_is_named_as_the_database_is(tmp_path: Path, read_url: str) -> None:
    environment = {
        "DATA_DIR": str(tmp_path), "DATABASE_URL": "postgresql://one,two/x",
        "DATABASE_READ_URL": read_url,
    }  # fmt: skip
    found = read_settings(environment).database_read_url
    assert found == read_url.replace("postgres://", "postgresql://")


def test_secrets_are_masked(tmp_path: Path) -> None:
    environment = {
        "DATA_DIR": str(tmp_path), "SECRET_KEY": "x" * 32, "SETUP_TOKEN": "t" * 32,
        "DATABASE_URL": "postgresql://desk:hidden/hidden:hidden@db.example/desk?password=hidden&sslmode=require",
        "DATABASE_READ_URL": "postgres://desk:hidden@replica.example/desk",
        "SMTP_URL": "smtp://desk:hidden@mail.example", "MAIL_FROM": "desk@example.com",
        "RATE_LIMIT_STORAGE": "redis://:hidden@redis.example",
    }  # fmt: skip
    shown = {one.setting: one.value for one in effective_settings(environment)}
    assert "hidden" not in str(shown)
    assert (shown["SECRET_KEY"], shown["SETUP_TOKEN"]) == (MASK, MASK)
    assert shown["SMTP_URL"] == f"smtp://desk:{MASK}@mail.example"
    assert shown["PUBLIC_URL"] == ""
    # A field that is added is a secret by its name.
    for name in ("METRICS_TOKEN", "SENTRY_DSN", "OIDC_CLIENT_SECRET", "BACKUP_PASSPHRASE"):
        assert masked(name, "hidden") == MASK
    shown_address = masked("OTEL_EXPORTER_OTLP_ENDPOINT", "http://desk:hidden@collector.example")
    assert shown_address == f"http://desk:{MASK}@collector.example"


def test_a_misspelled_setting_is_reported() -> None:
    environment = {"DATABSE_URL": "x", "SECRETKEY": "x", "SMTP_URI": "x", "workers": "2"}
    usual = {"PATH": "/bin", "HOSTNAME": "desk", "HOME": "/", "LANG": "C", "AWS_REGION": "eu",
             "DATABASE_URL_FILE": "x", "ENV_FILE": "x", "PORT": "1"}  # fmt: skip
    assert misspelled({**environment, **usual}) == {
        "DATABSE_URL": "DATABASE_URL", "SECRETKEY": "SECRET_KEY", "SMTP_URI": "SMTP_URL",
        "workers": "WORKERS",
    }  # fmt: skip
