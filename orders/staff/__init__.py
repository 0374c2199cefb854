"""The sales desk."""

from flask import Blueprint

staff = Blueprint("staff", __name__)
