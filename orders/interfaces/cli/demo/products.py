"""The demo's workshop: its saved configurations and its attributes."""

import uuid
from dataclasses import dataclass

from orders.domain.attributes import Applies, AttributeRule, Kind, Option, read_option
from orders.domain.configuration import ConfigurationInput

WORKSHOP = "Alder & Oak Workshop"


@dataclass(frozen=True, slots=True)
class Product:
    """A product. `shape` names the drawing of its picture (tests/cli/drawings.py)."""

    name: str
    sku: str
    shape: str
    variant: dict[str, str]

    @property
    def picture(self) -> str:
        """The file name of the drawing in `static/demo/`."""
        return f"{self.sku}.svg"

    def configuration(self) -> ConfigurationInput:
        return ConfigurationInput.model_construct(
            variant=self.variant,
            metadata={"name": self.name, "sku": self.sku},
            thumbnail=f"/static/demo/{self.picture}",
            product_id=str(
                uuid.uuid5(uuid.NAMESPACE_URL, f"https://alder-oak.example/{self.name}")
            ),
        )


def _product(name: str, sku: str, shape: str, **options: str) -> Product:
    return Product(name, sku, shape, {key.replace("_", " "): text for key, text in options.items()})


PRODUCTS = (
    _product("Oslo chair", "OSL-CH-WAL-01", "chair",
             Seat="Walnut", Legs="Brass", Glides="Felt"),
    _product("Oslo chair", "OSL-CH-OAK-02", "chair",
             Seat="Oak", Legs="Black steel", Glides="Felt"),
    _product("Oslo chair", "OSL-CH-BLK-03", "chair",
             Seat="Black oak", Legs="Oak", Glides="Plastic"),
    _product("Oslo bar stool", "OSL-BS-ASH-01", "bar_stool",
             Seat="Ash", Legs="Black steel", Height="75 cm"),
    _product("Fen lounge chair", "FEN-LC-MOS-01", "lounge_chair",
             Fabric="Moss", Frame="Walnut", Headrest="Yes"),
    _product("Fen lounge chair", "FEN-LC-CLA-02", "lounge_chair",
             Fabric="Clay", Frame="Oak", Headrest="No"),
    _product("Fen footstool", "FEN-FS-MOS-01", "footstool",
             Fabric="Moss", Frame="Walnut"),
    _product("Harbour sofa", "HAR-SO-OCE-03", "sofa",
             Fabric="Ocean", Legs="Black oak", Seats="3"),
    _product("Harbour sofa", "HAR-SO-SND-02", "loveseat",
             Fabric="Sand", Legs="Brass", Seats="2"),
    _product("Plank dining table", "PLK-DT-OAK-22", "table",
             Table_top="Oak", Legs="Black steel", Length="220 cm"),
    _product("Plank round table", "PLK-RT-WAL-12", "round_table",
             Table_top="Walnut", Foot="Black steel", Diameter="120 cm"),
    _product("Pebble coffee table", "PEB-CT-ASH-09", "coffee_table",
             Table_top="Ash", Legs="Oak", Length="90 cm"),
    _product("Study desk", "STU-DK-OAK-14", "desk",
             Desk_top="Oak", Drawers="Linen", Legs="Black steel", Length="140 cm"),
    _product("Cord bench", "COR-BN-WAL-12", "bench",
             Seat="Natural cord", Frame="Walnut", Length="120 cm"),
    _product("Ladder shelf", "LAD-SH-OAK-05", "shelf",
             Boards="Oak", Uprights="Black steel", Height="190 cm"),
    _product("Row sideboard", "ROW-SB-WAL-18", "sideboard",
             Body="Walnut", Doors="Oak", Legs="Brass", Length="180 cm"),
    _product("Rest bed", "RES-BD-OAK-16", "bed",
             Frame="Oak", Cover="Plum", Width="160 cm"),
    _product("Lumen floor lamp", "LUM-FL-BRS-01", "floor_lamp",
             Shade="Linen", Stand="Brass", Dimmer="Yes"),
    _product("Lumen table lamp", "LUM-TL-MUS-01", "table_lamp",
             Shade="Mustard", Stand="Black steel", Dimmer="No"),
    _product("Dome pendant", "DOM-PL-CLA-40", "pendant",
             Shade="Clay", Cable="Black steel", Diameter="40 cm"),
)  # fmt: skip


def _options(texts: str) -> tuple[Option, ...]:
    return tuple(read_option(text) for text in texts.split(","))


# Every kind and every setting once. Required attributes have a default, so that a minimal order,
# such as the first example of the README, is valid.
ATTRIBUTES = (
    AttributeRule(
        "deliveryMethod",
        "Delivery",
        Kind.OPTION,
        options=_options(
            "kerbside=To the kerb, room=Into the room, pickup=Fetched at the workshop"
        ),
        required=True,
        default="kerbside",
        visible_to_customer=True,
    ),
    AttributeRule(
        "deliveryCountry",
        "Delivery country",
        Kind.OPTION,
        options=_options(
            "AT=Austria, CH=Switzerland, DE=Germany, DK=Denmark, NL=Netherlands, SE=Sweden"
        ),
        required=True,
        default="DE",
    ),
    AttributeRule("deliveryWeek", "Delivery week", Kind.TEXT, visible_to_customer=True),
    AttributeRule("deliveryDate", "Delivery day", Kind.TEXT, visible_to_customer=True),
    AttributeRule("assembly", "Assembled for you", Kind.BOOLEAN, visible_to_customer=True),
    AttributeRule("discountPercent", "Discount in %", Kind.NUMBER),
    AttributeRule("purchaseOrder", "Customer's purchase order", Kind.TEXT, applies=Applies.BOTH),
    AttributeRule(
        "finish",
        "Finish",
        Kind.OPTION,
        options=_options("oil=Oiled, soap=Soaped, lacquer=Clear lacquer"),
        applies=Applies.DERIVATIVE,
        visible_to_customer=True,
    ),
    AttributeRule("crates", "Crates", Kind.NUMBER, applies=Applies.DERIVATIVE),
)
