"""The virtual clock: time jumps, order holds, threads stop it, a deadlock is an error."""

import asyncio
import time

import pytest

from agentc.runtime.clock import VirtualClock, WallClock


def test_an_hour_takes_no_time():
    clock = VirtualClock(start_s=5.0)
    started = time.monotonic()

    async def main():
        await clock.sleep(3600)
        return clock.now_s()

    assert clock.run(main()) == 3605.0
    assert time.monotonic() - started < 1.0


def test_sleepers_wake_in_the_order_of_their_times():
    clock = VirtualClock()
    woken = []

    async def sleeper(delay_s):
        await clock.sleep(delay_s)
        woken.append((delay_s, clock.now_s()))

    async def main():
        await asyncio.gather(*(sleeper(d) for d in (3.0, 1.0, 2.0, 1.0)))

    clock.run(main())
    assert woken == [(1.0, 1.0), (1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]


def test_time_stands_still_while_a_thread_works():
    clock = VirtualClock()

    async def main():
        other = asyncio.create_task(clock.sleep(100))
        await clock.in_thread(lambda: time.sleep(0.05))
        seen = clock.now_s()
        await other
        return seen

    assert clock.run(main()) == 0.0
    assert clock.now_s() == 100.0


def test_timeout_is_in_virtual_time():
    clock = VirtualClock()

    async def main():
        with pytest.raises(TimeoutError):
            async with clock.timeout(2.0):
                await clock.sleep(5.0)
        async with clock.timeout(None):
            await clock.sleep(5.0)
        return clock.now_s()

    assert clock.run(main()) == 7.0


def test_a_deadlock_is_an_error_not_a_hang():
    clock = VirtualClock()
    with pytest.raises(RuntimeError, match="everything waits"):
        clock.run(asyncio.Event().wait())


def test_wall_clock_moves_and_sleeps():
    clock = WallClock()

    async def main():
        before_s = clock.now_s()
        await clock.sleep(0.01)
        await clock.sleep(-1)
        return clock.now_s() - before_s, await clock.in_thread(lambda: 7)

    elapsed_s, value = asyncio.run(main())
    assert elapsed_s >= 0.009 and value == 7
