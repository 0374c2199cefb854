"""The products of a workshop that does not exist, as a configurator would have saved them."""

import uuid
from dataclasses import dataclass

from orders.rules.configuration import NewConfiguration

WORKSHOP = "Alder & Oak Workshop"
# Names that tell what a colour is called in the catalogue; the drawings are filled with them.
COLOURS = {
    "Oak": "#c79f68",
    "Walnut": "#75503a",
    "Ash": "#dcc59c",
    "Black oak": "#38332f",
    "Brass": "#b8914a",
    "Black steel": "#33363a",
    "Brushed steel": "#98a1a8",
    "Opal glass": "#f4ead2",
    "Moss": "#6f7d57",
    "Clay": "#b9694b",
    "Sand": "#d3bf9f",
    "Ocean": "#3b617a",
    "Mustard": "#c7953a",
    "Plum": "#6f4860",
    "Cognac leather": "#a0613a",
    "Natural cord": "#e2d3b4",
    "Linen": "#e6ded0",
}


@dataclass(frozen=True, slots=True)
class Product:
    """A saved configuration. `shape` names its drawing, `colours` fill it from the top down."""

    name: str
    sku: str
    shape: str
    variant: dict[str, str]
    colours: tuple[str, ...]

    @property
    def picture(self) -> str:
        """Give the file name of the drawing in `static/demo/`."""
        return f"{self.sku}.svg"

    def configuration(self) -> NewConfiguration:
        """Give what is saved. Configurations of one product share its product ID."""
        return NewConfiguration(
            variant=self.variant,
            metadata={"name": self.name, "sku": self.sku},
            thumbnail=f"/static/demo/{self.picture}",
            product_id=str(
                uuid.uuid5(uuid.NAMESPACE_URL, f"https://alder-oak.example/{self.name}")
            ),
        )


def _product(name: str, sku: str, shape: str, **options: str) -> Product:
    """Name the options as people read them (`Table_top` is "Table top"); colours come from them."""
    variant = {key.replace("_", " "): value for key, value in options.items()}
    colours = tuple(value for value in variant.values() if value in COLOURS)
    return Product(name, sku, shape, variant, colours)


# One product a line, its options below: a table reads better than a tower.
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
