"""One thread computes at a time; whoever waits for a shop lets another."""

import threading

from connector.turn import Turn


def test_nobody_else_has_it_meanwhile() -> None:
    turn, inside, most = Turn(), list[int](), list[int]()

    def work() -> None:
        for _ in range(200):
            with turn:
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(most) == 800
    assert max(most) == 1


def test_another_has_it_while_one_stands_aside_and_it_is_had_again_after() -> None:
    turn, there, done = Turn(), threading.Event(), threading.Event()

    def other() -> None:
        there.set()
        with turn:
            done.set()

    with turn:
        thread = threading.Thread(target=other)
        thread.start()
        assert there.wait(20)
        assert not done.wait(0.2)
        with turn.aside():
            assert done.wait(20)
        thread.join(20)


def test_a_fault_inside_gives_it_back() -> None:
    turn = Turn()
    for _ in range(2):
        try:
            with turn, turn.aside():
                raise ValueError
        except ValueError:
            pass
    with turn:
        pass
