"""A create and a read of an order by FastAPI with SQLAlchemy, as their documentation advises."""

import hashlib
import os
import secrets
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import JSON, Engine, ForeignKey, create_engine, event, select
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    relationship,
    selectinload,
)

URL = os.environ["PEER_DATABASE"]
SECRET = os.environ["PEER_SECRET"]


class Base(DeclarativeBase):
    """What the tables have in common."""


class Token(Base):
    """A secret that may create and read orders."""

    __tablename__ = "token"
    secret_hash: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[str]


class Order(Base):
    """An order with its lines."""

    __tablename__ = "orders"
    id: Mapped[str] = mapped_column(primary_key=True)
    short_id: Mapped[str] = mapped_column(unique=True)
    org_id: Mapped[str]
    name: Mapped[str | None]
    details: Mapped[dict[str, Any]] = mapped_column("metadata", JSON)
    status: Mapped[str]
    created_at: Mapped[datetime]
    cart: Mapped[list["Line"]] = relationship(order_by="Line.position")


class Line(Base):
    """A line of an order."""

    __tablename__ = "line"
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    configuration_id: Mapped[str]
    count: Mapped[int]


class LineBody(BaseModel):
    """A line as it is sent."""

    configuration_id: uuid.UUID = Field(alias="configurationId")
    count: int = Field(ge=1)


class OrderBody(BaseModel):
    """An order as it is sent."""

    name: str | None = None
    details: dict[str, Any] = Field(default_factory=dict, alias="metadata")
    cart: list[LineBody] = Field(min_length=1)


class LineAnswer(BaseModel):
    """A line as it is answered."""

    model_config = ConfigDict(from_attributes=True)
    configuration_id: str = Field(serialization_alias="configurationId")
    count: int


class OrderAnswer(BaseModel):
    """An order as it is answered."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    short_id: str = Field(serialization_alias="shortId")
    name: str | None
    details: dict[str, Any] = Field(serialization_alias="metadata")
    status: str
    created_at: datetime = Field(serialization_alias="createdAt")
    cart: list[LineAnswer]


def make_engine() -> Engine:
    """Return the engine, whose SQLite files are as durable as the product's."""
    if not URL.startswith("sqlite"):
        return create_engine(URL, pool_size=10)
    engine = create_engine(URL, connect_args={"timeout": 30})

    def connected(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    event.listen(engine, "connect", connected)
    return engine


engine = make_engine()
app = FastAPI()
bearer = HTTPBearer()


def prepare() -> None:
    """Create the tables and the token; called once, before the server starts."""
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Token(secret_hash=hash_of(SECRET), org_id=str(uuid.uuid4())))
        session.commit()
    engine.dispose()


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def get_session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]


def get_org(
    session: SessionDep, given: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]
) -> str:
    token = session.get(Token, hash_of(given.credentials))
    if token is None:
        raise HTTPException(401)
    return token.org_id


OrgDep = Annotated[str, Depends(get_org)]


@app.post("/api/orders", status_code=201)
def create(body: OrderBody, session: SessionDep, org_id: OrgDep) -> OrderAnswer:
    order = Order(
        id=str(uuid.uuid4()), short_id=secrets.token_hex(6), org_id=org_id, name=body.name,
        details=body.details, status="received", created_at=datetime.now(UTC),
        cart=[
            Line(position=at, configuration_id=str(one.configuration_id), count=one.count)
            for at, one in enumerate(body.cart)
        ],
    )  # fmt: skip
    session.add(order)
    session.commit()
    session.refresh(order)
    return OrderAnswer.model_validate(order)


@app.get("/api/orders/{short_id}")
def read(short_id: str, session: SessionDep, org_id: OrgDep) -> OrderAnswer:
    statement = (
        select(Order)
        .where(Order.short_id == short_id, Order.org_id == org_id)
        .options(selectinload(Order.cart))
    )
    order = session.scalars(statement).one_or_none()
    if order is None:
        raise HTTPException(404)
    return OrderAnswer.model_validate(order)


if __name__ == "__main__":
    prepare()
