"""What waits for the encoder: bounded in bytes, handed out in batches."""

from __future__ import annotations

import threading

from catalog.ingest.buffer import Buffer


def filled(*sizes: int, high: int = 100, low: int = 20) -> Buffer[int]:
    buffer: Buffer[int] = Buffer(high=high, low=low)
    for number, size in enumerate(sizes):
        buffer.put(number, size)
    return buffer


def putting_into(buffer: Buffer[int], item: int, size: int) -> threading.Thread:
    """A thread that waits for room."""
    thread = threading.Thread(target=buffer.put, args=(item, size))
    thread.start()
    while not buffer.waiting:
        pass
    return thread


def test_a_batch_is_of_the_oldest():
    buffer = filled(1, 1, 1, 1, 1)
    assert buffer.take(3, lambda: 1) == [0, 1, 2]
    buffer.done()
    assert buffer.take(2, lambda: 1) == [3, 4]


def test_who_fills_a_full_one_waits_until_it_is_nearly_empty():
    buffer = filled(40, 40, 40)
    putting = putting_into(buffer, 3, 40)
    assert buffer.take(1, lambda: 9) == [0]
    assert buffer.take(1, lambda: 9) == [1]
    assert buffer.waiting == 1, "40 bytes are more than 20"
    assert buffer.take(1, lambda: 9) == [2]
    assert buffer.take(1, lambda: 9) == [3], "so it was put"
    putting.join()


def test_a_full_one_is_emptied_though_it_holds_too_few_for_a_batch():
    buffer = filled(200)
    putting = putting_into(buffer, 1, 200)
    assert buffer.take(8, lambda: 1) == [0]
    putting.join()


def test_no_more_batches_are_out_than_may_be():
    buffer = filled(1, 1, 1, 1)
    assert buffer.take(2, lambda: 1) == [0, 1]
    second: list[int] = []
    taking = threading.Thread(target=lambda: second.extend(buffer.take(2, lambda: 1)))
    taking.start()
    buffer.wake()
    assert not second
    buffer.done()
    taking.join()
    assert second == [2, 3]


def test_at_the_end_what_is_left_comes_and_then_nothing():
    buffer = filled(*[1] * 10)
    buffer.close()
    sizes = []
    while batch := buffer.take(8, lambda: 2):
        sizes.append(len(batch))
        buffer.done()
    assert sizes == [5, 4, 1], "two share what is left, and none waits long for the other"
