"""The limit on failed attempts."""

from deita_hub.attempts import Attempts


def test_too_many_failures_have_to_wait_others_do_not() -> None:
    attempts = Attempts(most=3, seconds=60)
    for _ in range(3):
        assert attempts.wait_for("a") == 0
        attempts.failed("a")
    assert 0 < attempts.wait_for("a") <= 61
    assert attempts.wait_for("b") == 0


def test_old_failures_are_forgotten_and_memory_is_bounded() -> None:
    attempts = Attempts(most=1, seconds=0.0, addresses=2)
    for address in ("a", "b", "c"):
        attempts.failed(address)
    assert attempts.wait_for("c") == 0
    assert len(attempts._failures) == 2
