"""Fields and labels of the forms on an order's page. The services judge what is typed."""

from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField, TextAreaField

from orders.rules.texts import mark


class NoteForm(FlaskForm):
    """A note; `key` is the form's own, so that it writes only one."""

    note = TextAreaField(mark("New note"))
    key = HiddenField()


class LinkForm(FlaskForm):
    """The message that carries the customer's link."""

    to = StringField(mark("E-mail address"))
    message = TextAreaField(mark("Message before the link"))
