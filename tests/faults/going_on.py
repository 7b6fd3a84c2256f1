"""What every fault is put to: a replay in the middle of its work meets it, says so, and goes on by itself once it is mended."""

from contextlib import AbstractAsyncContextManager

from faults.offered import Folder
from faults.running import Place, counted, until

BEFORE = 20  # events, so that it is in the middle
PACE = ("--rate", "200")


async def goes_on(place: Place, folder: Folder, fault: AbstractAsyncContextManager, says: str, **named) -> str:
    """A whole replay with the fault within; what it said."""
    async with place.replaying("set", *PACE, **named) as process:
        await place.events(BEFORE)
        async with fault:
            said = await until(process, says)
        _, rest = await process.communicate()
    said += rest.decode()
    assert process.returncode in {0, 1}, said  # 1: some records were rejected
    assert "Traceback" not in said
    verdict = await place.judged(folder)
    assert verdict.clean, (verdict, said)
    assert counted(said) == len(folder.offered), said
    return said
