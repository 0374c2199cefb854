"""Limits that protect the service; each is a setting. Going over one says which and what it is."""

from dataclasses import dataclass

# Content types of the files that a configuration may have.
FILE_TYPES = frozenset(
    {
        "image/png",
        "image/jpeg",
        "image/webp",
        "image/gif",
        "image/svg+xml",
        "application/pdf",
        "application/json",
        "application/zip",
        "text/plain",
        "text/csv",
        "model/gltf-binary",
        "model/gltf+json",
        "model/vnd.usdz+zip",
    }
)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits in force, with their defaults. Sizes are bytes of compact UTF-8 JSON."""

    cart_lines: int = 1_000
    items: int = 1_000
    # Of `metadata`, `derivative`, `platform` and each line's `metadata`.
    metadata_bytes: int = 65_536
    # Levels of objects and arrays in one field.
    nesting: int = 16
    body_bytes: int = 1_048_576
    # Of `sceneGraphState`, which configurators fill with whole scenes.
    scene_bytes: int = 524_288
    # Files of one configuration, each of them, and the body that brings them.
    files: int = 20
    file_bytes: int = 10_485_760
    upload_bytes: int = 26_214_400
    file_types: frozenset[str] = FILE_TYPES
    # Configurations of one import.
    import_rows: int = 2_000
    # Rows of a file of orders.
    order_rows: int = 20_000
