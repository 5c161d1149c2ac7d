import hashlib
from decimal import Decimal

from shared_models.digest import digest_of, digest_of_json


def test_a_text_and_its_bytes_have_one_digest():
    assert digest_of("€") == digest_of("€".encode()) == hashlib.sha256("€".encode()).hexdigest()
    assert digest_of("€", 12) == digest_of("€")[:12]


def test_the_order_of_keys_is_nothing_and_the_order_of_items_is_something():
    assert digest_of_json({"a": 1, "b": [1, 2]}) == digest_of_json({"b": [1, 2], "a": 1})
    assert digest_of_json([1, 2]) != digest_of_json([2, 1])


def test_amounts_that_are_written_otherwise_are_told_apart():
    assert digest_of_json(Decimal("1.0")) != digest_of_json(Decimal("1.00"))
