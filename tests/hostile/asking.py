"""A client asked as the tests want it: the room of a large body is given back at once."""

from contextlib import AsyncExitStack


async def fetched(client, request):
    async with AsyncExitStack() as room:
        return await client.fetch(request, room)
