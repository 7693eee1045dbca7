"""The queue in front of the models."""

import asyncio
import threading

import pytest

from abcrnn.pages.studio.jobs import MAX_WAITING, BusyError, Jobs
from abcrnn.sampling.cancellation import require_not_cancelled


@pytest.fixture
def jobs():
    made = Jobs()
    yield made
    made.close()


async def collect(jobs, work):
    return [event async for event in jobs.events(work)]


def counting(n):
    def work(_):
        for number in range(n):
            yield {"event": "count", "number": number}

    return work


def test_the_events_of_a_job_come_in_order(jobs):
    events = asyncio.run(collect(jobs, counting(3)))
    assert [event["event"] for event in events] == ["position", "begin", *["count"] * 3]
    assert [event["number"] for event in events[2:]] == [0, 1, 2]


def test_one_job_runs_at_a_time_and_ten_get_their_own_events(jobs):
    running, most = [], []

    def work_of(name):
        def work(_):
            running.append(name)
            most.append(len(running))
            for _ in range(5):
                yield {"event": "mine", "name": name}
            running.remove(name)

        return work

    async def ten():
        return await asyncio.gather(*[collect(jobs, work_of(n)) for n in range(10)])

    for name, events in enumerate(asyncio.run(ten())):
        assert [e["name"] for e in events if e["event"] == "mine"] == [name] * 5
    assert max(most) == 1


def test_those_that_wait_see_their_position(jobs):
    release = threading.Event()

    def slow(_):
        release.wait(60)
        yield {"event": "end"}

    async def three():
        seen = [[], [], []]

        async def follow(number):
            async for event in jobs.events(slow):
                seen[number].append(event)
                if number == 2 and event == {"event": "position", "before": 2}:
                    release.set()

        await asyncio.gather(*[follow(number) for number in range(3)])
        return seen

    positions = [
        [event["before"] for event in events if event["event"] == "position"]
        for events in asyncio.run(three())
    ]
    assert positions[2][-1] < 2 and positions[2][0] == 2
    assert sorted(positions[2], reverse=True) == positions[2]


def test_a_job_that_nobody_waits_for_ends_and_the_next_one_begins(jobs):
    ended, begun = threading.Event(), threading.Event()

    def endless(job):
        try:
            while True:
                begun.set()
                job.require_wanted()
                yield {"event": "still"}
        finally:
            ended.set()

    async def leave():
        events = jobs.events(endless)
        async for event in events:
            if event["event"] == "still":
                break
        events.close()
        return await collect(jobs, counting(1))

    assert asyncio.run(leave())[-1] == {"event": "count", "number": 0}
    assert begun.is_set() and ended.is_set()


def test_a_job_that_nobody_waits_for_ends_within_one_stretch_of_sampling(jobs):
    begun, left, stretches = threading.Event(), threading.Event(), []

    def sampling(_):
        yield {"event": "still"}
        begun.set()
        left.wait(60)
        while True:  # no event and no tune comes
            stretches.append(1)
            require_not_cancelled()

    async def leave():
        events = jobs.events(sampling)
        while (await anext(events))["event"] != "still":
            pass
        await asyncio.to_thread(begun.wait, 60)
        events.close()
        left.set()
        return await collect(jobs, counting(1))

    assert asyncio.run(leave())[-1] == {"event": "count", "number": 0}
    assert len(stretches) == 1


def test_a_job_that_is_left_while_it_waits_never_begins(jobs):
    release, began = threading.Event(), []

    def slow(_):
        release.wait(60)
        yield {"event": "end"}

    def never(_):
        began.append(1)
        yield {"event": "end"}

    async def leave():
        first = asyncio.ensure_future(collect(jobs, slow))
        await asyncio.sleep(0)
        waiting = jobs.events(never)
        await anext(waiting)
        waiting.close()
        release.set()
        await first
        return await collect(jobs, counting(1))

    assert asyncio.run(leave())
    assert not began


@pytest.mark.parametrize(
    ("error", "message"),
    [(ValueError("no such bars"), "no such bars"), (KeyError("x"), "the studio failed")],
)
def test_an_error_is_an_event_and_the_queue_goes_on(jobs, error, message, caplog):
    def failing(_):
        yield {"event": "first"}
        raise error

    events = asyncio.run(collect(jobs, failing))
    assert events[-1]["event"] == "error" and message in events[-1]["message"]
    assert asyncio.run(collect(jobs, counting(1)))[-1]["number"] == 0


def test_cancelling_all_jobs_ends_their_events_at_once(jobs):
    release = threading.Event()

    def slow(_):
        release.wait(60)
        yield {"event": "end"}

    async def cancel():
        followed = [asyncio.ensure_future(collect(jobs, slow)) for _ in range(3)]
        await asyncio.sleep(0)
        jobs.cancel_all()
        seen = await asyncio.gather(*followed)  # although the first one still runs
        with pytest.raises(BusyError, match="the studio was stopped"):
            await collect(jobs, slow)
        return seen

    ended = {"event": "error", "message": "the studio was stopped"}
    assert all(events[-1] == ended for events in asyncio.run(cancel()))
    release.set()


def test_too_many_jobs_are_refused(jobs):
    release = threading.Event()

    def slow(_):
        release.wait(60)
        yield {"event": "end"}

    async def many():
        running = jobs.events(slow)
        while (await anext(running))["event"] != "begin":
            pass
        waiting = [jobs.events(slow) for _ in range(MAX_WAITING)]  # no event is read yet
        with pytest.raises(BusyError, match="already wait for the model"):
            jobs.events(slow)
        waiting.pop().close()  # its place is free again
        waiting.append(jobs.events(slow))
        release.set()
        for events in waiting:
            assert [event async for event in events][-1] == {"event": "end"}
        running.close()

    asyncio.run(many())
