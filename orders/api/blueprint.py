"""The JSON door's blueprint, and what all of its views share."""

from flask import Blueprint
from werkzeug.routing import BaseConverter

from orders.api.authentication import add_cors_headers, answer_preflight
from orders.api.noting import note_request
from orders.api.problems import problem_of
from orders.rules.errors import OrderError


class OrderReference(BaseConverter):
    """An order in an address. The health check's name is none: it has methods of its own."""

    regex = "(?!healthcheck$)[^/]+"
    part_isolating = True


api = Blueprint("api", __name__, url_prefix="/api")
# Before any route is added that uses it.
api.record(lambda state: state.app.url_map.converters.update(order=OrderReference))
api.before_request(answer_preflight)
api.after_request(add_cors_headers)
api.after_app_request(note_request)  # of unknown addresses too, which no blueprint sees
api.register_error_handler(OrderError, problem_of)
