"""The customer's look-up."""

from flask import Blueprint

customer = Blueprint("customer", __name__)
