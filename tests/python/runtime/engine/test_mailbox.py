"""Calls into a loop: in order, one wake-up for each sending, errors where they belong."""

import asyncio
import gc

from agentc.runtime.engine.mailbox import Mailbox


def _wake_ups(loop):
    """Counts the times that the loop is woken."""
    count, original = [], loop.call_soon_threadsafe

    def counted(*args):
        count.append(1)
        return original(*args)

    loop.call_soon_threadsafe = counted
    return count


def test_what_was_posted_arrives_in_order_with_one_wake_up():
    async def main():
        loop, seen = asyncio.get_running_loop(), []
        wake_ups, mailbox = _wake_ups(loop), Mailbox(loop)
        mailbox.send()
        for i in range(50):
            mailbox.post(seen.append, i)
        assert not wake_ups
        mailbox.send()
        mailbox.post(seen.append, 50)
        mailbox.send()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert seen == list(range(51))
        assert len(wake_ups) == 2

    asyncio.run(main())


def test_a_callback_that_raises_holds_nobody_up():
    async def main():
        loop, seen, errors = asyncio.get_running_loop(), [], []
        loop.set_exception_handler(lambda loop, context: errors.append(context["exception"]))
        mailbox = Mailbox(loop)
        mailbox.post(lambda: 1 // 0)
        mailbox.post(seen.append, 7)
        mailbox.send()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert seen == [7]
        assert [type(error) for error in errors] == [ZeroDivisionError]

    asyncio.run(main())


def test_a_loop_that_is_gone_is_no_error_and_not_kept():
    loop = asyncio.new_event_loop()
    mailbox = Mailbox(loop)
    loop.close()
    mailbox.post(print, "nobody hears this")
    mailbox.send()
    del loop
    gc.collect()
    assert mailbox._loop() is None
    mailbox.send()
