"""The bounded queue before an engine: order, refusal, cancellation, several loops."""

import asyncio
import threading

import pytest

from agentc.errors import RuntimeFault
from agentc.runtime.engine.gate import Gate


def test_who_waits_comes_in_in_order():
    async def main():
        gate, came = Gate(2), []

        async def caller(number):
            await gate.enter()
            came.append(number)

        tasks = [asyncio.create_task(caller(n)) for n in range(5)]
        await asyncio.sleep(0)
        assert came == [0, 1]
        for count in (3, 4, 5):
            gate.leave()
            await asyncio.sleep(0.01)
            assert came == list(range(count)) and gate.inside == 2
        await asyncio.gather(*tasks)
        gate.leave()
        gate.leave()
        assert gate.inside == 0

    asyncio.run(main())


def test_a_full_gate_that_refuses_says_so():
    async def main():
        gate = Gate(1, refuse=True)
        await gate.enter()
        with pytest.raises(RuntimeFault, match="the engine has 1 calls") as caught:
            await gate.enter()
        assert caught.value.kind == "capacity"
        gate.leave()
        await gate.enter()

    asyncio.run(main())


@pytest.mark.parametrize("let_in_first", [False, True])
def test_cancelled_outside_leaves_its_turn_to_the_next(let_in_first):
    async def main():
        gate = Gate(1)
        await gate.enter()
        first = asyncio.create_task(gate.enter())
        second = asyncio.create_task(gate.enter())
        await asyncio.sleep(0)
        if let_in_first:  # let in and cancelled before it hears of it
            gate.leave()
            first.cancel()
        else:
            first.cancel()
            await asyncio.sleep(0)
            gate.leave()
        await asyncio.wait_for(second, 1)
        assert first.cancelled() and gate.inside == 1

    asyncio.run(main())


def test_closing_tells_those_outside():
    async def main():
        gate = Gate(1)
        await gate.enter()
        outside = asyncio.create_task(gate.enter())
        await asyncio.sleep(0)
        gate.close()
        with pytest.raises(RuntimeFault) as caught:
            await outside
        assert caught.value.kind == "cancelled"
        with pytest.raises(RuntimeFault, match="is closed"):
            await gate.enter()

    asyncio.run(main())


def test_loops_that_are_gone_are_passed_over():
    gate = Gate(1)
    asyncio.run(gate.enter())
    loop = asyncio.new_event_loop()
    gone = loop.create_task(gate.enter())
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()  # without hearing of the end of its wait
    came = threading.Event()

    async def other():
        await gate.enter()
        came.set()

    thread = threading.Thread(target=lambda: asyncio.run(other()))
    thread.start()
    while len(gate._outside) < 2:
        pass
    gate.leave()
    assert came.wait(5)
    thread.join()
    assert gate.inside == 1
    gone._log_destroy_pending = False
