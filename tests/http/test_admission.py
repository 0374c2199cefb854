"""What a request may be before anything in it is used: hosts, foreign forms, sizes, and rates."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from orders.interfaces.http.admission import SAFE_METHODS
from orders.interfaces.http.resumed import MOST_TEXT, pack, unpack
from orders.services.orders import drafts
from tests.actors import PASSWORD, Org
from tests.bad_orders import good_form
from tests.conftest import StoredRows
from tests.html import attribute

KEY = "B" * 22
NUMBERS = {"number"}  # arguments of routes
NOBODY = "00000000-0000-4000-8000-000000000000"
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "null"},
]
OWN = [
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://localhost"},
    # A proxy in front has taken TLS off.
    {"Origin": "https://localhost"},
    {},
]
URLENCODED = "application/x-www-form-urlencoded"
# Answers to requests that are refused: 64 KB, or twice the request.
MOST_ANSWER = 65_536

pytestmark = pytest.mark.one_database(reason="refused before any SQL")


def changing_routes(app: Flask) -> list[tuple[str, str]]:
    """Return method and path of every route of the pages that can change something."""
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            values = {name: 1 if name in NUMBERS else NOBODY for name in rule.arguments}
            path = rule.build(values)
            assert path is not None, f"give {rule} arguments"
            found += [(one, path[1]) for one in sorted((rule.methods or set()) - SAFE_METHODS)]
    return found


@pytest.mark.usefixtures("csrf_off")
class TestOtherSites:
    def test_no_route_takes_a_form_of_another_site(
        self, app: Flask, org: Org, staff_client: FlaskClient, stored_rows: StoredRows
    ) -> None:
        before = stored_rows()
        routes = changing_routes(app)
        assert len(routes) > 60
        for method, path in routes:
            for client in (app.test_client(), staff_client):
                answer = client.open(
                    f"{path}?lang=de", method=method, headers=FOREIGN[0], data=good_form()
                )
                assert answer.status_code == 403, f"{method} {path}"
                assert "Set-Cookie" not in answer.headers, f"{method} {path}"
                assert good_form()["cart.0.configurationId"] not in answer.text
        assert stored_rows() == before
        with app.app_context():
            assert drafts.list_drafts(org.staff().actor) == []
        assert staff_client.get("/orders").status_code == 200

    @pytest.mark.parametrize("headers", FOREIGN)
    def test_another_site_is_known_by_either_header(
        self, client: FlaskClient, headers: dict[str, str]
    ) -> None:
        answer = client.post("/orders/new", data=good_form(), headers=headers)
        assert answer.status_code == 403
        assert "page of another site" in answer.text
        assert "Set-Cookie" not in answer.headers

    @pytest.mark.parametrize("headers", OWN)
    def test_pages_of_ours_and_programs_are_not_refused(
        self, staff_client: FlaskClient, headers: dict[str, str]
    ) -> None:
        form = {**good_form(), "do": "place"}
        answer = staff_client.post(f"/orders/new?form={KEY}", data=form, headers=headers)
        assert answer.status_code == 303

    def test_links_from_other_sites_work(self, staff_client: FlaskClient) -> None:
        headers = {"Sec-Fetch-Site": "cross-site"}
        assert staff_client.get("/orders", headers=headers).status_code == 200

    def test_the_address_for_links_is_one_of_ours(self, app: Flask, client: FlaskClient) -> None:
        app.config["SETTINGS"] = replace(
            app.config["SETTINGS"], public_url="https://desk.example/", allowed_hosts="localhost"
        )
        form = {"email": "nobody@desk.example", "password": "x"}
        headers = {"Origin": "https://desk.example"}
        assert client.post("/sign-in", data=form, headers=headers).status_code != 403

    def test_the_api_goes_by_the_domains_of_its_token(self, client: FlaskClient, org: Org) -> None:
        answer = client.post(
            "/api/orders",
            json={},
            headers={**FOREIGN[0], "Authorization": f"Bearer {org.private.secret}"},
        )
        assert answer.status_code == 422


class TestHosts:
    def answers(self, app: Flask, host: str, **settings: str) -> dict[str, int]:
        app.config["SETTINGS"] = replace(app.config["SETTINGS"], **settings)
        paths = ("/sign-in", "/find", "/api/orders", "/api/orders/healthcheck")
        client, headers = app.test_client(), {"Host": host}
        return {path: client.get(path, headers=headers).status_code for path in paths}

    @pytest.mark.usefixtures("org")
    @pytest.mark.parametrize(
        "host", ["desk.example", "desk.example:8000", "inner", "a.lan.example"]
    )
    def test_own_hosts_are_answered(self, app: Flask, host: str) -> None:
        settings = {"public_url": "https://Desk.example", "allowed_hosts": "inner, .lan.example"}
        assert list(self.answers(app, host, **settings).values()) == [200, 200, 401, 200]

    @pytest.mark.usefixtures("org")
    def test_other_hosts_get_the_health_check_alone(self, app: Flask) -> None:
        for host in ("evil.example", "desk.example.evil.example", "10.0.0.7:8000"):
            answers = self.answers(app, host, public_url="https://desk.example")
            assert list(answers.values()) == [400, 400, 400, 200]

    @pytest.mark.usefixtures("org")
    def test_any_host_is_answered_without_settings(self, app: Flask) -> None:
        assert list(self.answers(app, "anything").values()) == [200, 200, 401, 200]


@pytest.mark.usefixtures("csrf_off")
class TestAnonymousForms:
    @pytest.mark.usefixtures("org")
    def test_fields_are_counted_before_a_form_is_read(
        self, client: FlaskClient, staff_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("werkzeug.formparser.parse_qsl", None)  # 500,000 take a second
        for path in ("/orders/new", "/sign-in", "/sign-in/code", "/forgot-password", "/o/X/open"):
            for browser in (client, staff_client):
                answer = browser.post(path, data="a&" * 500_000, content_type=URLENCODED)
                assert answer.status_code == 413, path
                assert "500,001" in answer.text or path.startswith("/o/")
                assert len(answer.data) < MOST_ANSWER

    @pytest.mark.usefixtures("org")
    @pytest.mark.parametrize("path", ["/orders/new", "/sign-in"])
    def test_parts_are_counted(self, client: FlaskClient, path: str) -> None:
        part = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
        body = part * 15_000 + "--x--\r\n"
        answer = client.post(path, data=body, content_type="multipart/form-data; boundary=x")
        assert answer.status_code == 413

    @pytest.mark.usefixtures("org")
    @pytest.mark.parametrize(
        "form",
        [
            "email=" + "'" * 600_000, "next=" + "%27" * 30_000, "resumed=" + "'" * 200_000,
            "resumed=" + "'=+" * 9_999, "a=1&" * 9_000, "'=&" * 9_000, "name=" + "'" * 250_000,
            "email=" + "'" * 8_000,
        ],
    )  # fmt: skip
    def test_no_small_request_has_a_large_answer(self, client: FlaskClient, form: str) -> None:
        for path in ("/sign-in", "/sign-in/code", "/orders/new", "/forgot-password"):
            answer = client.post(path, data=form, content_type=URLENCODED)
            assert len(answer.data) <= max(MOST_ANSWER, 2 * len(form)), path
            assert answer.status_code < 500

    def test_addresses_to_go_to_are_short(self, client: FlaskClient, org: Org) -> None:
        org.staff()
        assert client.get("/sign-in?next=/" + "'" * 20_000).status_code == 414
        longest = "a" * 20_000
        answer = client.post(
            "/account/password", headers={"Referer": f"http://localhost/{longest}"}
        )
        assert longest not in str(answer.headers)

    def test_an_order_of_hundreds_of_lines_is_kept_until_the_sign_in(
        self, client: FlaskClient, org: Org
    ) -> None:
        org.staff()
        form = {**good_form(), "name": "Lobby “east” & <west>"}
        for number in range(300):
            form |= {f"cart.{number}.configurationId": "C-1", f"cart.{number}.count": "7"}
        asked = client.post(f"/orders/new?form={KEY}", data=form)
        assert asked.status_code == 401
        resumed = attribute(asked.text, "[name=resumed]", "value")
        assert dict(unpack(resumed)) == form
        again = {"email": org.email, "password": PASSWORD, "resumed": resumed}
        back = client.post("/sign-in", data={**again, "next": f"/orders/new?form={KEY}"})
        assert back.status_code == 200
        assert 'name="cart.299.count"' in back.text
        assert "Lobby “east” &amp; &lt;west&gt;" in back.text

    def test_a_larger_order_is_refused_with_advice(self, client: FlaskClient, org: Org) -> None:
        org.staff()
        form = {f"cart.{number}.configurationId": "é" * 40 for number in range(1_000)}
        answer = client.post("/orders/new", data=form)
        assert answer.status_code == 413
        assert "Sign in in another tab" in answer.text
        assert "é" not in answer.text

    def test_signed_in_people_send_full_carts(self, staff_client: FlaskClient) -> None:
        form = {f"cart.{line}.x{field}": "" for line in range(1_000) for field in range(19)}
        answer = staff_client.post("/orders/new/draft?form=" + KEY, data=form)
        assert answer.status_code == 200

    def test_forms_without_a_sign_in_are_limited_by_address(
        self, app: Flask, org: Org, staff_client: FlaskClient
    ) -> None:
        app.config["SETTINGS"] = replace(app.config["SETTINGS"], anonymous_limit="3 per hour")
        paths = ("/orders/new", "/sign-in", "/forgot-password", "/sign-in/code")
        answers = [app.test_client().post(path).status_code for path in paths]
        assert answers[3] == 429
        assert 429 not in answers[:3]
        elsewhere = {"REMOTE_ADDR": "10.0.0.9"}
        assert app.test_client().post("/sign-in", environ_base=elsewhere).status_code != 429
        for _ in range(4):
            assert staff_client.post("/orders/columns").status_code != 429


@pytest.mark.parametrize("text", ["", "a=1 b=", "a=%26 %C3%A9=+", "x= x= y=%0D%0A"])
def test_a_packed_form_is_unpacked_as_it_was(text: str) -> None:
    assert pack(unpack(text)) == text


@pytest.mark.parametrize("text", ["a=1 " * 10_000, "a&" * 10_000, "a" * (MOST_TEXT + 1)])
def test_packed_forms_of_others_are_limited(text: str) -> None:
    assert unpack(text) == []
