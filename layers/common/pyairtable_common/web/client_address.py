"""Where a request comes from, whatever it says of itself."""

import hmac
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address

EDGE_PROOF = "x-pyairtable-edge"
_IPV6_NETWORK_BITS = 64


def client_address(source_ip: str, headers: Mapping[str, str], edge_proof: str) -> str:
    """The address of whoever spoke to our edge, or to the gateway where nobody came through the edge.

    To the gateway, ``source_ip`` is whoever opened the connection: behind the edge, CloudFront. It
    appends that address to ``X-Forwarded-For``, as CloudFront before appended the client's: the last
    two entries are theirs, and all others the client's own invention. Only our edge knows
    ``edge_proof``, and it replaces what a client sends under this name, so a call that goes around the
    edge is taken by its connection.
    """
    forwarded = [each.strip() for each in headers.get("x-forwarded-for", "").split(",")]
    told = headers.get(EDGE_PROOF, "").encode()
    if not edge_proof or not hmac.compare_digest(told, edge_proof.encode()) or len(forwarded) < 2:
        return source_ip
    return forwarded[-2]


def written_address(text: str) -> str | None:
    """The address as it is usually written; ``None`` for what is none."""
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def network_of(address: str) -> str:
    """What one caller can be expected to hold: an IPv4 address, or 64 bits of an IPv6 one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    if isinstance(parsed, IPv6Address):
        return f"{int(parsed) >> _IPV6_NETWORK_BITS:016x}"
    return str(parsed)
