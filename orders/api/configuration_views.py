"""Saved configurations by JSON, and the files that came with them."""

from functools import partial

from flask import Response, request

from orders.api.answers import JsonAnswer, list_answer
from orders.api.authentication import current_actor, require_may_list
from orders.api.blueprint import api
from orders.api.configuration_body import configuration_body
from orders.api.query import Query, read_query
from orders.api.repeating import Made, answer_once
from orders.catalogue import configuration_queries, configurations
from orders.catalogue.configuration_queries import SORTABLE, Filters
from orders.repeats import Once
from orders.rules.configuration import Configuration, configuration_fields
from orders.web.downloads import file_store, send_stored
from orders.web.in_force import limits_in_force


@api.post("/configurations")
def create_configuration() -> Response:
    """Save a configuration, with files when it comes as a form: 201, `Location`, all of it."""
    actor = current_actor()
    sent = configuration_body()
    read_query().own_org(actor)

    def create(once: Once | None) -> Configuration:
        new, files = configurations.check_configuration(
            sent.raw, sent.files, sent.faults, actor=actor, limits=limits_in_force()
        )
        return configurations.create_configuration(
            new, files, actor=actor, store=file_store(), once=once
        )

    return answer_once(actor, sent.content(), create, partial(_created, request.root_path))


@api.get("/configurations")
def list_configurations() -> Response:
    """List configurations by page; a public token may only ask for some by their short IDs."""
    actor = current_actor()
    query = read_query()
    query.own_org(actor)
    filters = _filters(query)
    paging = query.paging(SORTABLE)
    query.refuse()
    require_may_list(actor, is_one=bool(filters.short_ids))
    page = configuration_queries.list_configurations(actor.org_id, filters, paging)
    return list_answer("configurations", page, configuration_fields)


def _filters(query: Query) -> Filters:
    return Filters(
        short_ids=query.texts("shortId"),
        product_id=query.uuid("productId"),
        customer_id=query.text("customerId"),
        identifier=query.text("identifier"),
        name=query.text("name"),
        created_from=query.moment("createdFrom"),
        created_to=query.moment("createdTo", is_end=True),
    )


@api.get("/configurations/<reference>")
def read_configuration(reference: str) -> Response:
    """Read one configuration by its UUID or short ID."""
    found = configuration_queries.find_configuration(reference, current_actor().org_id)
    if request.if_none_match.contains_weak(_version(found)):
        return Response(status=304, headers={"ETag": _etag(found), "Cache-Control": "no-store"})
    return JsonAnswer(configuration_fields(found), headers={"ETag": _etag(found)})


@api.get("/configurations/<reference>/files/<path:key>")
def read_file(reference: str, key: str) -> Response:
    """Read a file of a configuration by its key in `attachments`."""
    return send_stored(configuration_queries.find_file(reference, key, current_actor().org_id))


@api.get("/configurations/<reference>/thumbnail")
def read_thumbnail(reference: str) -> Response:
    """Read the picture that came with a configuration."""
    return send_stored(configuration_queries.find_picture(reference, current_actor().org_id))


def _created(root: str, made: Configuration) -> Made:
    location = f"{root}/api/configurations/{made.id}"
    return configuration_fields(made), 201, {"ETag": _etag(made), "Location": location}


def _version(configuration: Configuration) -> str:
    return f"{configuration.id}-{int(configuration.updated_at.timestamp() * 1000)}"


def _etag(configuration: Configuration) -> str:
    return f'"{_version(configuration)}"'
