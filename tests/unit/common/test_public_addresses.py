"""What is globally reachable, held against IANA's registries of special-purpose addresses."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.outgoing.public_addresses import embedded_ipv4, why_not_public

YES, NO, NEITHER = True, False, None
# Block, name, globally reachable: the columns of the registries. Neither yes nor no ("N/A") is not reachable to us.
IPV4_REGISTRY = [
    ("0.0.0.0/8", "This network", NO),
    ("0.0.0.0/32", "This host on this network", NO),
    ("10.0.0.0/8", "Private-Use", NO),
    ("100.64.0.0/10", "Shared Address Space", NO),
    ("127.0.0.0/8", "Loopback", NO),
    ("169.254.0.0/16", "Link Local", NO),
    ("172.16.0.0/12", "Private-Use", NO),
    ("192.0.0.0/24", "IETF Protocol Assignments", NO),
    ("192.0.0.0/29", "IPv4 Service Continuity Prefix", NO),
    ("192.0.0.8/32", "IPv4 dummy address", NO),
    ("192.0.0.9/32", "Port Control Protocol Anycast", YES),
    ("192.0.0.10/32", "Traversal Using Relays around NAT Anycast", YES),
    ("192.0.0.170/32", "NAT64/DNS64 Discovery", NO),
    ("192.0.0.171/32", "NAT64/DNS64 Discovery", NO),
    ("192.0.2.0/24", "Documentation (TEST-NET-1)", NO),
    ("192.31.196.0/24", "AS112-v4", YES),
    ("192.52.193.0/24", "AMT", YES),
    ("192.88.99.0/24", "Deprecated (6to4 Relay Anycast)", NEITHER),
    ("192.88.99.2/32", "6a44-relay anycast address", NO),
    ("192.168.0.0/16", "Private-Use", NO),
    ("192.175.48.0/24", "Direct Delegation AS112 Service", YES),
    ("198.18.0.0/15", "Benchmarking", NO),
    ("198.51.100.0/24", "Documentation (TEST-NET-2)", NO),
    ("203.0.113.0/24", "Documentation (TEST-NET-3)", NO),
    ("240.0.0.0/4", "Reserved", NO),
    ("255.255.255.255/32", "Limited Broadcast", NO),
]
IPV6_REGISTRY = [
    ("::1/128", "Loopback Address", NO),
    ("::/128", "Unspecified Address", NO),
    ("64:ff9b:1::/48", "IPv4-IPv6 Translation", NO),
    ("100::/64", "Discard-Only Address Block", NO),
    ("100:0:0:1::/64", "Dummy IPv6 Prefix", NO),
    ("2001::/23", "IETF Protocol Assignments", NO),
    ("2001::/32", "TEREDO", NEITHER),
    ("2001:1::1/128", "Port Control Protocol Anycast", YES),
    ("2001:1::2/128", "Traversal Using Relays around NAT Anycast", YES),
    ("2001:1::3/128", "DNS-SD Service Registration Protocol Anycast", YES),
    ("2001:2::/48", "Benchmarking", NO),
    ("2001:3::/32", "AMT", YES),
    ("2001:4:112::/48", "AS112-v6", YES),
    ("2001:10::/28", "Deprecated (previously ORCHID)", NO),
    ("2001:20::/28", "ORCHIDv2", YES),
    ("2001:30::/28", "Drone Remote ID Protocol Entity Tags", YES),
    ("2001:db8::/32", "Documentation", NO),
    ("2002::/16", "6to4", NEITHER),
    ("2620:4f:8000::/48", "Direct Delegation AS112 Service", YES),
    ("3fff::/20", "Documentation", NO),
    ("5f00::/16", "Segment Routing (SRv6) SIDs", NO),
    ("fc00::/7", "Unique-Local", NO),
    ("fe80::/10", "Link-Local Unicast", NO),
]
# Not in the registries of special purposes, and nobody's address on the Internet all the same.
ELSEWHERE = [
    ("224.0.0.0/4", "Multicast", NO),
    ("ff00::/8", "Multicast", NO),
    ("fec0::/10", "Site-local (RFC 3879)", NO),
    ("::/96", "IPv4-compatible (RFC 4291)", NO),
    ("::ffff:0:0:0/96", "IPv4-translated (RFC 2765)", NO),
    ("4000::/3", "Unallocated", NO),
]
ALL = [
    (ipaddress.ip_network(block), name, reachable)
    for block, name, reachable in IPV4_REGISTRY + IPV6_REGISTRY + ELSEWHERE
]
SHUT = [network for network, _, reachable in ALL if not reachable]
OPEN = [network for network, _, reachable in ALL if reachable]
# An IPv4 address is meant by these in another way than by a tunnel: they are judged by it.
WRAPPINGS = ("::ffff:0:0", "64:ff9b::")
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "93.184.215.14",
    "192.0.1.1",
    "100.63.255.255",
    "100.128.0.0",
    "172.32.0.1",
    "223.255.255.255",
]
PUBLIC += ["2606:4700::1111", "2a00:1450:4001:81b::200e", "2001:4860:4860::8888", "2001:200::1", "2003::1", "3ffe::1"]


def address(network, position: float):
    return network[min(int(position * network.num_addresses), network.num_addresses - 1)]


def is_open(found) -> bool:
    """Whether the most specific block around an address says that it is reachable."""
    around = [(network.prefixlen, reachable) for network, _, reachable in ALL if found in network]
    return bool(max(around)[1])


@pytest.mark.parametrize("network", SHUT, ids=str)
def test_first_and_last_address_of_what_is_not_reachable_are_refused(network):
    ends = [network[0], network[-1]]

    assert [why_not_public(end) is None for end in ends] == [is_open(end) for end in ends]
    assert why_not_public(network[0])


@given(st.sampled_from(SHUT), st.floats(0, 1))
def test_any_address_of_what_is_not_reachable_is_refused(network, position):
    found = address(network, position)

    assert (why_not_public(found) is None) == is_open(found)


@given(st.sampled_from(OPEN), st.floats(0, 1))
def test_what_the_registries_call_reachable_is_allowed(network, position):
    assert why_not_public(address(network, position)) is None


@given(st.ip_addresses(v=4), st.sampled_from(WRAPPINGS))
def test_a_wrapped_address_is_judged_by_the_one_within(inner, wrapping):
    wrapped = ipaddress.IPv6Address(int(ipaddress.IPv6Address(wrapping)) | int(inner))

    assert embedded_ipv4(wrapped) == inner
    assert (why_not_public(wrapped) is None) == (why_not_public(inner) is None)


@given(st.ip_addresses(v=4))
def test_no_tunnel_leads_anywhere(inner):
    number = int(inner)
    tunnels = [number << 80 | 0x2002 << 112, 0x2001 << 112 | number, number, 0xFFFF << 48 | number]

    assert all(why_not_public(ipaddress.IPv6Address(tunnel)) for tunnel in tunnels if tunnel >> 32 != 0xFFFF)


@given(st.ip_addresses())
def test_nothing_is_allowed_that_python_knows_to_be_no_public_address(found):
    real = embedded_ipv4(found)

    assert why_not_public(found) or real.is_global or any(real in network for network in OPEN)


@pytest.mark.parametrize("text", PUBLIC)
def test_ordinary_public_addresses_are_allowed(text):
    assert why_not_public(ipaddress.ip_address(text)) is None


@pytest.mark.parametrize(
    "text", ["fec0::1", "::127.0.0.1", "::ffff:0:127.0.0.1", "192.88.99.1", "192.0.0.8", "3fff::1", "5f00::1"]
)
def test_blocks_that_lists_forget_are_refused(text):
    assert why_not_public(ipaddress.ip_address(text))
