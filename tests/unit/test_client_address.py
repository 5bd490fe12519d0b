"""Whom a request is counted for: no header that a client writes may change it."""

import pytest

from pyairtable_common.web.client_address import EDGE_PROOF, client_address, network_of

PROOF = "8f0c1c1e-52a3-11ee-be56-0242ac120002"
EDGE = "130.176.1.1"
CLIENT = "198.51.100.7"


@pytest.mark.parametrize("invented", ["", "1.1.1.1, ", "1.1.1.1, 2.2.2.2, ", ",,, "])
def test_behind_the_edge_it_is_who_spoke_to_the_edge_whatever_the_client_wrote(invented: str) -> None:
    headers = {EDGE_PROOF: PROOF, "x-forwarded-for": f"{invented}{CLIENT}, {EDGE}"}
    assert client_address(EDGE, headers, PROOF) == CLIENT


@pytest.mark.parametrize("proof", ["", "guess", PROOF.upper(), "ü"])
def test_around_the_edge_it_is_who_opened_the_connection(proof: str) -> None:
    headers = {EDGE_PROOF: proof, "x-forwarded-for": f"1.1.1.1, {CLIENT}"}
    assert client_address(CLIENT, headers, PROOF) == CLIENT
    assert client_address(CLIENT, {"x-forwarded-for": "1.1.1.1, 2.2.2.2"}, PROOF) == CLIENT


def test_where_there_is_no_edge_no_proof_is_good_enough() -> None:
    assert client_address(CLIENT, {EDGE_PROOF: "", "x-forwarded-for": "1.1.1.1, 2.2.2.2"}, "") == CLIENT


def test_a_proof_without_two_forwarders_is_taken_by_the_connection() -> None:
    assert client_address(EDGE, {EDGE_PROOF: PROOF, "x-forwarded-for": EDGE}, PROOF) == EDGE


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:aaaa::1", "20010db800010002"),
        ("2001:db8:1:2:bbbb::2", "20010db800010002"),
        ("2001:db8:1:3::1", "20010db800010003"),
        ("", "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_a_network_is_what_one_caller_can_hold(address: str, network: str) -> None:
    assert network_of(address) == network
