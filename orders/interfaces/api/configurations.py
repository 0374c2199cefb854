"""JSON endpoints for saved configurations and their files."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from orders.domain.configuration import (
    EXAMPLE_PRODUCT_ID,
    FIELDS,
    OBJECTS,
    THUMBNAIL,
    Configuration,
    ConfigurationInput,
    configuration_fields,
)
from orders.domain.errors import FieldError, InvalidInput, NotJson
from orders.domain.json_values import join_path, parse_json
from orders.domain.uploads import REPEATED, SentFile
from orders.interfaces.api import parameters, schemas
from orders.interfaces.api.endpoints import EXAMPLES, Access, RequestBody, Resource, Success, link
from orders.interfaces.api.parameters import IDEMPOTENCY_KEY, IF_NONE_MATCH, ORG_ID
from orders.interfaces.api.query import Query
from orders.interfaces.api.request import ApiRequest, Call, read_json_object
from orders.interfaces.api.responses import EndpointResult, list_result
from orders.interfaces.http.multipart import MULTIPART, Part, read_parts
from orders.interfaces.http.security import CROSS_ORIGIN, RESOURCE_POLICY
from orders.services.catalog import configuration_queries, configurations
from orders.services.catalog.configuration_queries import SORTABLE, ConfigurationFilter
from orders.services.catalog.configurations import ShortIdTaken

resource = Resource(
    "Configurations", "Saved choices of options. The lines of a cart refer to them."
)

EXAMPLE_SHORT_ID = "46Juzcyx"
SAVED = EXAMPLES["configuration"]
PAGE = schemas.example_page("A page with one", "configurations", SAVED["configuration"].value)
# A text that begins like a JSON array must be one (orders/interfaces/api/query.py).
ONE_TEXT = r"^([^\[\u0000][^\u0000]*)?$"
JSON_TEXT = {"type": "string", "contentMediaType": "application/json"}
# A form: fields as text, files beside them. The picture is sent as a file.
FORM_FIELDS = tuple(name for name in FIELDS if name != THUMBNAIL)
FORM_SHAPE = {
    "type": "object",
    "description": "The fields of the JSON body as form fields: `variant`, `metadata` and "
    "`attachments` as JSON text, the others as plain text. Files come as `files` (repeated), each "
    "under the key that has its name in `attachments`, or under its own name; as `files[key]`; or, "
    "for the picture, as `thumbnail`.",
    "properties": {
        **{name: JSON_TEXT if name in OBJECTS else {"type": "string"} for name in FORM_FIELDS},
        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
    },
}
BODIES = (
    RequestBody(ConfigurationInput, EXAMPLES["newConfigurations"]),
    RequestBody(FORM_SHAPE, EXAMPLES["configurationForms"], MULTIPART),
)
REFERENCE = parameters.path_parameter(
    "reference",
    "The `id` of the configuration or its `shortId`.",
    EXAMPLE_SHORT_ID,
    kind="configuration-reference",
)
FILE_KEY = parameters.path_parameter(
    "key", "The key of the file in `attachments`.", "drawing", kind="file-key", pattern="[^/].*"
)
PUBLIC_NAME = parameters.path_parameter(
    "name",
    "The name of a picture, which the service made: the end of the address in `thumbnail`.",
    "x4Qm0d7lVb3c9YtR1sWfHk2zJg8aNp5u",
    kind="picture-name",
    pattern="[^/].*",
)
# Of what everyone may see. Not for long, so that an org can close its pictures again.
PUBLIC_PICTURE_HEADERS = {"Cache-Control": "public, max-age=3600", RESOURCE_POLICY: CROSS_ORIGIN}
LINKS = {
    "read": link(
        "readConfiguration", {"reference": "$response.body#/id"}, "Read the configuration."
    )
}
FILTERS = (
    parameters.query_filter(
        "shortId",
        "short_ids",
        Query.texts,
        "Configurations with these short IDs.",
        {"type": "array", "items": {"type": "string", "maxLength": 255, "pattern": ONE_TEXT}},
        [EXAMPLE_SHORT_ID],
    ),
    parameters.query_filter(
        "productId",
        "product_id",
        Query.uuid,
        "Configurations of this product.",
        {"type": "string", "format": "uuid"},
        EXAMPLE_PRODUCT_ID,
    ),
    parameters.text_filter(
        "customerId", "customer_id", "Configurations of this customer.", "C-1042"
    ),
    parameters.text_filter(
        "identifier", "identifier", "Configurations with this identifier.", "basket-9"
    ),
    parameters.text_filter(
        "name", "name", "Configurations with this `metadata.name`.", "Oslo chair"
    ),
    parameters.text_filter("sku", "sku", "Configurations with this `metadata.sku`.", "OSL-1"),
    parameters.text_filter(
        "productVersion", "product_version", "Configurations of this version.", "v2"
    ),
    parameters.query_filter(
        "metadata",
        "metadata",
        Query.members,
        "Keys of `metadata` with their values, as JSON text; null means no value. A configuration "
        "matches if every key has this value.",
        parameters.MEMBERS_SCHEMA,
        {"range": "Oslo"},
        is_json=True,
    ),
    *parameters.PERIODS,
)
UNCHANGED = Success(304, "The version is still the one in `If-None-Match`.", None)


def _file(description: str) -> tuple[Success, ...]:
    return Success(200, description, None, headers=("ETag", "Cache-Control")), UNCHANGED


@dataclass(frozen=True, slots=True)
class SentConfiguration:
    """A configuration as it was sent: unchecked fields by JSON name, files, and parsing errors."""

    raw: dict[str, Any]
    files: list[SentFile] = field(default_factory=list)
    errors: list[FieldError] = field(default_factory=list)

    def content(self) -> list[Any]:
        """Return a JSON value that is equal for two requests only if their content is the same."""
        files = [
            [one.part, one.file_name, one.declared_type, hashlib.sha256(one.content).hexdigest()]
            for one in self.files
        ]
        return [self.raw, files, [error.path for error in self.errors]]


def read_configuration_body(request: ApiRequest) -> SentConfiguration:
    """Return the content of the request's body: JSON, or a form with files.

    Raises what `read_json_object` raises, and BadRequest for a malformed form.
    """
    if request.mimetype != MULTIPART:
        return SentConfiguration(read_json_object(request))
    sent = SentConfiguration({})
    repeated = set()
    for part in read_parts(request.get_data(), request.mimetype_params.get("boundary", "")):
        if _is_file(part):
            sent.files.append(
                SentFile(part.name, part.file_name or "", part.content_type, part.content)
            )
        elif part.name in sent.raw or part.name in repeated:
            sent.raw.pop(part.name, None)
            repeated.add(part.name)
        else:
            _read_field(part, sent)
    sent.errors.extend(
        FieldError(join_path("", name), "Send this field only once.") for name in sorted(repeated)
    )
    return sent


def _is_file(part: Part) -> bool:
    """Return whether a form part is a file; a regular field sent with a file name is not one."""
    is_field = part.name in FIELDS and part.name != "thumbnail"
    return part.file_name is not None and not is_field


def _read_field(part: Part, sent: SentConfiguration) -> None:
    """Add a form field to `sent.raw`, parsed if it is an object, or its error to `sent.errors`."""
    message = None
    try:
        text = part.content.decode("utf-8")
        if part.name in REPEATED:
            message = "A file, not text." if text else None
        elif part.name in OBJECTS:
            # An empty field counts as not sent.
            sent.raw[part.name] = parse_json(part.content, "This") if text else None
        else:
            sent.raw[part.name] = text
    except UnicodeDecodeError:
        message = "Text in UTF-8."
    except (NotJson, InvalidInput) as error:
        message = error.errors[0].message if isinstance(error, InvalidInput) else str(error)
    if message:
        sent.errors.append(FieldError(join_path("", part.name), message))


def present_configuration(configuration: Configuration) -> EndpointResult:
    version = int(configuration.updated_at.timestamp() * 1000)
    etag = f"{configuration.id}-{version}"
    return EndpointResult(configuration_fields(configuration), etag=etag, has_picture=True)


def present_new_configuration(configuration: Configuration) -> EndpointResult:
    location = f"/api/configurations/{configuration.id}"
    return present_configuration(configuration)._replace(location=location)


@resource.endpoint(
    "POST /api/configurations",
    Access.ANY,
    Success(
        201,
        "The complete configuration, including the fields that the service sets.",
        schemas.ConfigurationAnswer,
        SAVED,
        ("Location", "ETag"),
        LINKS,
    ),
    parameters=(ORG_ID, IDEMPOTENCY_KEY),
    bodies=BODIES,
    read_body=read_configuration_body,
    content=SentConfiguration.content,
    errors={
        409: "The `shortId` that was sent is already in use, or the org has as many configurations "
        "or bytes of files as it can have.",
        415: "The body is neither `application/json` in UTF-8 nor `multipart/form-data`.",
    },
    present=present_new_configuration,
)
def create_configuration(call: Call) -> Configuration:
    """Save a configuration.

    Takes JSON, or a form that can contain files. Configuration and files are stored together or not
    at all.
    """
    sent: SentConfiguration = call.body
    new, files = configurations.check_configuration(
        sent.raw, sent.files, sent.errors, actor=call.actor, limits=call.limits
    )
    # A public token has the budget of its address: anyone could use up that of the org.
    if new.short_id is not None and call.actor.is_private:
        call.rates.require_taken_left(call.actor.org_id)
    try:
        return configurations.create_configuration(
            new, files, actor=call.actor, store=call.files, key=call.once, limits=call.limits
        )
    except ShortIdTaken as taken:
        call.misses += 1
        if call.actor.is_private and taken.is_foreign:
            call.rates.count_taken(call.actor.org_id, 1)
        raise


@resource.endpoint(
    "GET /api/configurations",
    Access.PUBLIC_BY_SHORT_ID,
    Success(200, "A page of configurations.", schemas.ConfigurationList, {"page": PAGE}),
    parameters=(ORG_ID,),
    filters=FILTERS,
    sortable=SORTABLE,
)
def list_configurations(call: Call) -> EndpointResult:
    """List configurations.

    Returns a page, newest first by default. Entries without a value for `sort` come last.
    """
    page = configuration_queries.list_configurations(
        call.actor.org_id, ConfigurationFilter(**call.filters), call.paging
    )
    call.misses = max(0, len(set(call.filters["short_ids"])) - page.count)
    fields = partial(configuration_fields, service=call.address)
    return list_result("configurations", page, fields, call.ignored)


@resource.endpoint(
    "GET /api/configurations/{reference}",
    Access.ANY,
    Success(
        200, "The complete configuration.", schemas.ConfigurationAnswer, SAVED,
        ("ETag",),
    ),
    UNCHANGED,
    parameters=(REFERENCE, IF_NONE_MATCH),
    present=present_configuration,
)  # fmt: skip
def read_configuration(call: Call, reference: str) -> Configuration:
    """Read a configuration.

    Finds it by its `id` or `shortId`. Configurations of other orgs are 404.
    """
    return configuration_queries.find_configuration(reference, call.actor.org_id)


@resource.endpoint(
    "GET /api/configurations/{reference}/files/{key}",
    Access.ANY,
    *_file("The file."),
    parameters=(REFERENCE, FILE_KEY, IF_NONE_MATCH),
)
def read_configuration_file(call: Call, reference: str, key: str) -> EndpointResult:
    """Read a file of a configuration.

    Returns the file as it was sent, with its type. Everything except pictures is sent as an
    attachment, with a policy that forbids scripts.
    """
    return EndpointResult(configuration_queries.find_file(reference, key, call.actor.org_id))


@resource.endpoint(
    "GET /api/configurations/{reference}/thumbnail",
    Access.ANY,
    *_file("The picture."),
    parameters=(REFERENCE, IF_NONE_MATCH),
)
def read_thumbnail(call: Call, reference: str) -> EndpointResult:
    """Read the picture of a configuration.

    Returns the picture that was sent as the file `thumbnail`: PNG, JPEG, WebP or GIF.
    """
    return EndpointResult(configuration_queries.find_picture(reference, call.actor.org_id))


def _is_public(arguments: Mapping[str, str]) -> bool:
    return configuration_queries.is_public_picture(_name_of(arguments["name"]))


def _name_of(sent: str) -> str:
    """Return a picture's public name from what was sent: the name, or the URL that ends with it."""
    return sent.rpartition("/")[2]


@resource.endpoint(
    "GET /api/files/hash/{name}",
    Access.ANY,
    *_file("The picture."),
    parameters=(PUBLIC_NAME, IF_NONE_MATCH),
    is_open=_is_public,
)
def read_public_picture(call: Call, name: str) -> EndpointResult:
    """Read a picture by its public name.

    Returns the picture at the address in `thumbnail`. If the org lets everyone see its pictures, no
    token is needed, and pages of every origin may show it.
    """
    org_id = None if call.caller is None else call.caller.org_id
    picture = configuration_queries.find_named_picture(_name_of(name), org_id)
    headers = PUBLIC_PICTURE_HEADERS if org_id is None else {}
    return EndpointResult(picture, headers=headers)
