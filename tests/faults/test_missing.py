"""A topic deleted under a replay on Kafka, and made again: it says which, and goes on by itself."""

from signal import SIGCONT, SIGSTOP

from faults.faults import deleted
from faults.going_on import goes_on
from faults.planted import at, planted
from faults.running import stopped, until

from worker.model import Topic


async def test_a_topic_that_is_missing(kafka, on_kafka, offered):
    """The one of the rejections, before there is any: what was in a topic that is deleted can't come back."""
    fault = deleted(on_kafka, kafka.admin, Topic.REJECTS)
    said = await goes_on(on_kafka, offered, fault, f"there is no {on_kafka.prefix}news.rejects.v1")
    assert "topics check" in said


async def test_the_topic_of_the_articles_deleted_goes_on_after_what_it_held(kafka, on_kafka, offered):
    program = planted(at("begun", 4, SIGSTOP))
    async with on_kafka.replaying("set", "--rate", "200", program=program) as process:
        await stopped(process)
        await on_kafka.nothing_open()
        before = tuple([entry async for entry in on_kafka.entries()])
        async with deleted(on_kafka, kafka.admin, Topic.ARTICLES):
            process.send_signal(SIGCONT)
            await until(process, f"there is no {on_kafka.prefix}news.articles.v1")
        _, said = await process.communicate()
    assert before
    assert process.returncode == 1, said
    assert (await on_kafka.judged(offered, before=before)).clean
