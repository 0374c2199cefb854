"""A create and a read of an order by Django REST Framework, as its documentation advises."""

import os
import secrets
import sys
import uuid

import django
from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.urls import include, path
from sqlalchemy import make_url

SECRET = os.environ["PEER_SECRET"]
URL = make_url(os.environ["PEER_DATABASE"])
SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "OPTIONS": {
        "timeout": 30, "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    },
}  # fmt: skip
POSTGRESQL = {
    "ENGINE": "django.db.backends.postgresql", "USER": URL.username, "HOST": URL.host,
    "PORT": URL.port, "CONN_MAX_AGE": None,
}  # fmt: skip

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={
        "default": {
            **(SQLITE if URL.drivername == "sqlite" else POSTGRESQL),
            "NAME": URL.database, "CONN_MAX_AGE": None,
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth", "django.contrib.contenttypes", "rest_framework",
        "rest_framework.authtoken",
    ],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    },
    ROOT_URLCONF=__name__, SECRET_KEY=SECRET, USE_TZ=True,
)  # fmt: skip
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - Django's own must be set up first
from django.db import connection, models, transaction  # noqa: E402
from rest_framework import mixins, routers, serializers, viewsets  # noqa: E402
from rest_framework.authentication import TokenAuthentication  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402


class Order(models.Model):
    """An order."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    short_id = models.CharField(max_length=12, unique=True)
    owner = models.ForeignKey(User, on_delete=models.PROTECT)
    name = models.CharField(max_length=200, null=True)  # as in the product
    metadata = models.JSONField(default=dict)
    status = models.CharField(max_length=20, default="received")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """Outside of any installed application."""

        app_label = "peer"


class Line(models.Model):
    """A line of an order."""

    order = models.ForeignKey(Order, related_name="cart", on_delete=models.CASCADE)
    position = models.IntegerField()
    configuration_id = models.UUIDField()
    count = models.PositiveIntegerField()

    class Meta:
        """As above."""

        app_label = "peer"
        ordering = ("position",)


class LineSerializer(serializers.ModelSerializer):
    """A line as it is sent and answered."""

    configurationId = serializers.UUIDField(source="configuration_id")  # noqa: N815 - of the API
    count = serializers.IntegerField(min_value=1)

    class Meta:
        """The fields."""

        model = Line
        fields = ("configurationId", "count")


class OrderSerializer(serializers.ModelSerializer):
    """An order as it is sent and answered."""

    shortId = serializers.CharField(source="short_id", read_only=True)  # noqa: N815 - of the API
    createdAt = serializers.DateTimeField(source="created_at", read_only=True)  # noqa: N815
    cart = LineSerializer(many=True, allow_empty=False)

    class Meta:
        """The fields."""

        model = Order
        fields = ("id", "shortId", "name", "metadata", "status", "createdAt", "cart")
        read_only_fields = ("id", "status")

    def create(self, validated_data: dict) -> Order:
        lines = validated_data.pop("cart")
        with transaction.atomic():
            order = Order.objects.create(short_id=secrets.token_hex(6), **validated_data)
            Line.objects.bulk_create(
                Line(order=order, position=at, **line) for at, line in enumerate(lines)
            )
        return order


class Orders(mixins.CreateModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """The endpoint of orders."""

    serializer_class = OrderSerializer
    lookup_field = "short_id"

    def get_queryset(self) -> models.QuerySet:
        return Order.objects.filter(owner=self.request.user).prefetch_related("cart")

    def perform_create(self, serializer: OrderSerializer) -> None:
        serializer.save(owner=self.request.user)


class BearerAuthentication(TokenAuthentication):
    """Tokens in the form that all peers have."""

    keyword = "Bearer"


Orders.authentication_classes = [BearerAuthentication]
router = routers.SimpleRouter(trailing_slash=False)
router.register("orders", Orders, basename="orders")
urlpatterns = [path("api/", include(router.urls))]
application = get_wsgi_application()


def prepare() -> None:
    """Create the tables and the token; called once, before the server starts."""
    execute_from_command_line([sys.argv[0], "migrate", "--verbosity", "0"])
    with connection.schema_editor() as editor:
        editor.create_model(Order)
        editor.create_model(Line)
    Token.objects.create(key=SECRET[:40], user=User.objects.create(username="shop"))


if __name__ == "__main__":
    prepare()
