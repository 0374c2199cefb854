"""The attributes that the demo's workshop has defined: every kind, every setting once."""

from orders.rules.attributes import Applies, AttributeRule, Kind, Option

# Required ones have a default: a plain order, as the README's first example sends it, is taken.
ATTRIBUTES = (
    AttributeRule(
        key="deliveryMethod",
        label="Delivery",
        kind=Kind.OPTION,
        options=(
            Option("kerbside", "To the kerb"),
            Option("room", "Into the room"),
            Option("pickup", "Fetched at the workshop"),
        ),
        required=True,
        default="kerbside",
        visible_to_customer=True,
    ),
    AttributeRule(
        key="deliveryCountry",
        label="Delivery country",
        kind=Kind.OPTION,
        options=(
            Option("AT", "Austria"),
            Option("CH", "Switzerland"),
            Option("DE", "Germany"),
            Option("DK", "Denmark"),
            Option("NL", "Netherlands"),
            Option("SE", "Sweden"),
        ),
        required=True,
        default="DE",
    ),
    AttributeRule(
        key="deliveryWeek", label="Delivery week", kind=Kind.TEXT, visible_to_customer=True
    ),
    AttributeRule(
        key="deliveryDate", label="Delivery day", kind=Kind.TEXT, visible_to_customer=True
    ),
    AttributeRule(
        key="assembly", label="Assembled for you", kind=Kind.BOOLEAN, visible_to_customer=True
    ),
    AttributeRule(key="discountPercent", label="Discount in %", kind=Kind.NUMBER),
    AttributeRule(
        key="purchaseOrder",
        label="Customer's purchase order",
        kind=Kind.TEXT,
        applies=Applies.BOTH,
    ),
    AttributeRule(
        key="finish",
        label="Finish",
        kind=Kind.OPTION,
        options=(
            Option("oil", "Oiled"),
            Option("soap", "Soaped"),
            Option("lacquer", "Clear lacquer"),
        ),
        applies=Applies.DERIVATIVE,
        visible_to_customer=True,
    ),
    AttributeRule(key="crates", label="Crates", kind=Kind.NUMBER, applies=Applies.DERIVATIVE),
)
