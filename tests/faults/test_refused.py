"""An article that Kafka refuses although it was checked: it alone is rejected, and its siblings are published."""

from faults.faults import set_otherwise
from faults.offered import STORIES
from faults.running import counted, until

from worker.model import Topic

LARGE = 150  # the article's number


async def test_an_article_too_large_for_a_topic_whose_limit_was_lowered_meanwhile(kafka, on_kafka, folder):
    folder.jsonl("a.jsonl", 400, large=LARGE)
    async with on_kafka.replaying("set", "--rate", "200") as process:
        await on_kafka.events(20)
        async with set_otherwise(on_kafka, kafka.admin, Topic.ARTICLES, max_message_bytes="50000"):
            said = await until(process, "article.refused")
            _, rest = await process.communicate()
    assert process.returncode == 1, (said, rest)
    assert counted(rest.decode()) == len(folder.offered)
    async with on_kafka.connect() as broker:
        rejected = [record async for record in broker.read(Topic.REJECTS)]
    assert [dict(record.headers)["reject_code"] for record in rejected] == [b"refused"]

    verdict = await on_kafka.judged(folder)
    assert [title for _, title in verdict.lost] == [b"article a-jsonl-%d-story-%d" % (LARGE, LARGE % STORIES)]
    assert not verdict.twice
    assert not verdict.out_of_order
