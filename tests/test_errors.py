"""Errors are for people: short, whatever was put in."""

from __future__ import annotations

from vpp_core.errors import LONGEST_SENTENCE, InputError, UnavailableError, shortened


def test_a_message_keeps_its_beginning_and_its_end_however_much_was_put_in() -> None:
    for kind in (InputError, UnavailableError):
        said = str(kind(f"month {'9' * 100_000!r} is not a month; write it as YYYY-MM"))
        assert len(said) <= LONGEST_SENTENCE
        assert said.startswith("month '999")
        assert said.endswith("is not a month; write it as YYYY-MM")


def test_a_text_within_the_length_stays_as_it_is_and_a_longer_one_never_exceeds_it() -> None:
    for length in range(50):
        cut = shortened("x" * length, 20)
        assert len(cut) <= 20
        assert (cut == "x" * length) == (length <= 20)
