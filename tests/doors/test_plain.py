"""What is looked up is what is planned: the short way of plain exchanges and the long one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Config
from flask import Flask
from flask import Response

from pyfastgz import Compress

Get = Callable[..., Any]
BODY = "<p>looked up</p>\n" * 100


class LongWay(Compress):
    """Has a hook of its own, so that nothing is looked up."""

    def after_request(self, response: Response | None) -> Response:
        return super().after_request(response)


class Tenants(Config):
    """Looks into the settings of a tenant first."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.tenant: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        return self.tenant[key] if key in self.tenant else super().__getitem__(key)


@pytest.mark.parametrize("kind", [Compress, LongWay])
def test_c2_a_setting_that_is_looked_up_elsewhere_is_followed(
    get: Get, kind: type[Compress]
) -> None:
    class Shop(Flask):
        config_class = Tenants

    app = Shop(__name__)
    assert isinstance(app.config, Tenants)
    tenant = app.config.tenant
    kind(app)
    app.add_url_rule("/", view_func=lambda: BODY[:300])
    for min_size in (301, 300, 301, 0):
        tenant["COMPRESS_MIN_SIZE"] = min_size
        for _ in range(2):
            exchange = get(to=app)
            assert (exchange.field("Content-Encoding") == "gzip") is (min_size <= 300)
    tenant.clear()
    assert get(to=app).field("Content-Encoding") is None
