"""What is read of a stream and not yet committed, opened again."""

import io
import queue
import threading

from worker.model import Source
from worker.sources.files import Held, Outcome, Said, documents_of_stream
from worker.sources.files.cut import Caps

SOURCE = Source("dataset:x", "dataset", "dataset:x")
RECORDS = [b'{"id":%d}' % number for number in range(200)]
LINES = b"".join(record + b"\n" for record in RECORDS)


def held_lines():
    return Held(documents_of_stream(io.BytesIO(LINES), SOURCE, lambda: 0, caps=Caps(piece=100)))


def test_what_a_thread_that_was_left_behind_reads_is_there_for_the_next():
    first, second = (Said("-", Outcome.UNREADABLE, message) for message in ("first", "second"))
    coming = queue.SimpleQueue()
    held = Held(iter(coming.get, None))
    coming.put(first)
    left_behind = held.again(None)
    assert next(left_behind) == first
    thread = threading.Thread(target=next, args=(left_behind,), daemon=True)
    thread.start()
    opened = held.again(None)
    assert next(opened) == first  # although nothing comes
    coming.put(second)
    assert next(opened) == second
    thread.join()
    coming.put(None)
    assert list(opened) == []


def test_opened_again_at_any_position_it_gives_what_comes_after_it():
    for committed in range(len(RECORDS)):
        held = held_lines()
        state = None
        for one in held.again(None):
            document = one.document
            count = document.data.count(b"\n")
            if document.ordinal + count > committed:
                inside = committed - document.ordinal
                end = document.start + sum(len(record) + 1 for record in RECORDS[document.ordinal : committed])
                state = one.state_at(end, document.ordinal + inside, done=False)
                break
        again = [one.document for one in held.again(state)]
        assert b"".join(document.data for document in again) == b"".join(line + b"\n" for line in RECORDS[committed:])
        assert again[0].ordinal == committed


def test_what_is_committed_is_kept_no_longer():
    held = held_lines()
    for one in held.again(None):
        records = one.document.ordinal + one.document.data.count(b"\n")
        held.committed(one.state_at(one.document.end, records, done=one.last))
        assert len(held._kept) <= 1
    assert [one.document for one in held.again(one.state_at(len(LINES), 200, done=True))] == []
