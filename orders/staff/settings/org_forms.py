"""The forms of the organization's page: itself, its customers' pages, its logo."""

from flask_wtf import FlaskForm
from wtforms import BooleanField, FileField, SelectChoice, SelectField, StringField

from orders.administration import CustomerPage
from orders.languages import ENGLISH, languages
from orders.rules.permissions import CustomerCheck
from orders.rules.texts import mark
from orders.staff.settings.admin_forms import VersionedForm


class OrgForm(VersionedForm):
    """The settings of an org."""

    name = StringField(mark("Name"))
    is_strict = BooleanField(mark("Refuse attribute keys that are not defined"))
    may_public_list = BooleanField(mark("Public tokens may list orders and configurations"))
    needs_second_factor = BooleanField(mark("Everybody signs in with a second factor"))


class CustomerPageForm(VersionedForm):
    """How customers see the org."""

    accent = StringField(mark("Colour"))
    contact = StringField(mark("Contact"))
    language = SelectField(mark("Language"), validate_choice=False)
    customer_check = SelectField(
        mark("Customers see their order"),
        choices=[
            SelectChoice(str(CustomerCheck.NONE), mark("with the code alone")),
            SelectChoice(str(CustomerCheck.CUSTOMER_ID), mark("with the code and the customer ID")),
        ],
        validate_choice=False,
    )

    @classmethod
    def of(cls, page: CustomerPage) -> "CustomerPageForm":
        """Give the form of what is stored."""
        form = cls(
            formdata=None,
            accent=page.accent or "",
            contact=page.contact or "",
            language=page.language or ENGLISH,
            customer_check=str(page.check),
            version=page.version,
        )
        return form.with_languages()

    def with_languages(self) -> "CustomerPageForm":
        """Offer the languages that there are."""
        self.language.choices = [SelectChoice(*known) for known in languages().items()]
        return self


class LogoForm(FlaskForm):
    """A picture to show in the head of the customers' pages."""

    logo = FileField(mark("Picture"))
