"""What stands on a form of the settings, and what is wrong with it.

The names of the fields are the paths in the errors of the services, so that each error finds its
field. Rules are not here: the services judge what was typed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from orders.rules.errors import FieldError
from orders.staff.blueprint import staff
from orders.staff.order_form import Summary, element_id

staff.add_app_template_global(element_id)


@dataclass
class AdminEntry:
    """A form with the errors of its fields; `focus` is the element that gets the focus."""

    form: Any  # a WTForms form: its fields have no types
    errors: dict[str, str] = field(default_factory=dict)
    summary: list[Summary] = field(default_factory=list)
    focus: str = ""

    def error(self, name: str) -> str:
        """Give the error of a field by its name, empty when there is none."""
        return self.errors.get(name, "")

    def show(self, errors: Iterable[FieldError]) -> None:
        """Put each error at its field; all stand in the summary too."""
        labels = {str(one.name): str(one.label.text) for one in self.form}
        for error in errors:
            target = element_id(error.path) if error.path in labels else ""
            if target:
                self.errors.setdefault(error.path, error.message)
            label = labels.get(error.path, error.path)
            self.summary.append(Summary(label, error.message, target, error.path))
        self.focus = next((entry.target for entry in self.summary if entry.target), "")
