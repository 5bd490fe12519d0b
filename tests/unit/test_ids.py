"""Identifiers."""

import random

from pyairtable_common.domain.ids import RECORD, USER, RandomIds, base62, from_base62, is_id


def test_an_id_is_its_kind_and_fourteen_base62_characters() -> None:
    ids = RandomIds(lambda: 1_780_000_000_000)
    assert is_id(ids.new(USER), USER)
    assert is_id(ids.record(), RECORD)


def test_record_ids_of_one_source_increase_even_when_the_clock_stands_still_or_goes_back() -> None:
    times = iter([1_780_000_000_000] * 500 + [1_779_999_999_000] * 500)
    ids = RandomIds(lambda: next(times), random.Random(1).randrange)
    made = [ids.record() for _ in range(1000)]
    assert made == sorted(set(made))


def test_record_ids_of_a_later_millisecond_follow_those_of_another_source() -> None:
    earlier = RandomIds(lambda: 1_780_000_000_000)
    later = RandomIds(lambda: 1_780_000_000_001)
    assert max(earlier.record() for _ in range(100)) < min(later.record() for _ in range(100))


def test_what_is_not_an_id_is_refused() -> None:
    for text in ["", "rec", "rec" + "a" * 13, "rec" + "a" * 15, "rec" + "a" * 13 + "-", "usr" + "a" * 14]:
        assert not is_id(text, RECORD), text


def test_base62_keeps_the_order_of_numbers() -> None:
    numbers = [0, 1, 61, 62, 3843, 3844, 62**14 - 1]
    assert [from_base62(base62(number, 14)) for number in numbers] == numbers
    assert sorted(base62(number, 14) for number in numbers) == [base62(number, 14) for number in numbers]
