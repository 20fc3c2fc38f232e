"""GraphQL of strawberry that answers in parts, each when the client has decoded the last.

Below ``/fastapi`` are the views of FastAPI, below ``/asgi`` those for any ASGI application.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator

import strawberry
from fastapi import FastAPI
from strawberry.asgi import GraphQL
from strawberry.fastapi import GraphQLRouter
from strawberry.schema.config import StrawberryConfig
from strawberry.subscriptions import MULTIPART_SUBSCRIPTION_PROTOCOL

from pyfastgz.asgi import CompressMiddleware

COUNT = 5
"""How many values there are."""

PATIENCE_SECONDS = 30.0

_seen: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(0))


async def counted(channel: str) -> AsyncGenerator[int, None]:
    """Yield each number when the client has said that it has got the last."""
    for number in range(COUNT):
        yield number
        await asyncio.wait_for(_seen[channel].acquire(), PATIENCE_SECONDS)


@strawberry.type
class Slow:
    """What takes long to find."""

    @strawberry.field
    async def count(self, channel: str) -> int:
        """Wait until the client has got what does not take long."""
        await asyncio.wait_for(_seen[channel].acquire(), PATIENCE_SECONDS)
        return 0


@strawberry.type
class Query:
    """What can be asked."""

    @strawberry.field
    def name(self) -> str:
        """Take no time."""
        return "quick"

    @strawberry.field
    def slow(self) -> Slow:
        """Return what may be deferred."""
        return Slow()

    @strawberry.field
    async def counts(self, channel: str) -> strawberry.Streamable[int]:
        """Stream numbers."""
        async for number in counted(channel):
            yield number


@strawberry.type
class Subscription:
    """What can be subscribed to."""

    @strawberry.subscription
    async def count(self, channel: str) -> AsyncGenerator[int, None]:
        """Tell of each number."""
        async for number in counted(channel):
            yield number


schema = strawberry.Schema(
    Query,
    subscription=Subscription,
    config=StrawberryConfig(enable_experimental_incremental_execution=True),
)
protocols = [MULTIPART_SUBSCRIPTION_PROTOCOL]
application = FastAPI()
application.include_router(
    GraphQLRouter(schema, subscription_protocols=protocols), prefix="/fastapi"
)
application.mount("/asgi", GraphQL(schema, subscription_protocols=protocols))


@application.post("/seen/{channel}")
async def acknowledge(channel: str) -> None:
    """Go on with the next."""
    _seen[channel].release()


app = CompressMiddleware(application, extra_mimetypes=["multipart/mixed"])
