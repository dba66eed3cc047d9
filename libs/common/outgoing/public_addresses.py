"""Which IP addresses are globally reachable, by IANA's special-purpose address registries (RFC 6890).

`ipaddress.is_global` is asked last and not alone: its lists differ between patch versions of Python, and none of them
knows every block or looks into every address that only wraps another one.
"""

import ipaddress

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

# Packets to these arrive at the IPv4 address in the last 32 bits (RFC 4291, RFC 6052).
_WRAPPING = (ipaddress.IPv6Network("::ffff:0:0/96"), ipaddress.IPv6Network("64:ff9b::/96"))
# All that IANA has opened to be routed (RFC 4291, 2.4): loopback, link-local, site-local, unique local,
# IPv4-compatible, IPv4-translated, local NAT64, discard-only and SRv6 addresses lie outside of it.
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")

# Anycast services and AS112 sinks: globally reachable, although the block around some of them is not.
_REACHABLE: tuple[IPNetwork, ...] = tuple(
    ipaddress.ip_network(block)
    for block in (
        "192.0.0.9/32",
        "192.0.0.10/32",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.175.48.0/24",
        "2001:1::1/128",
        "2001:1::2/128",
        "2001:1::3/128",
        "2001:3::/32",
        "2001:4:112::/48",
        "2001:20::/28",
        "2001:30::/28",
        "2620:4f:8000::/48",
    )
)
_NOT_REACHABLE: tuple[tuple[IPNetwork, str], ...] = tuple(
    (ipaddress.ip_network(block), kind)
    for block, kind in (
        ("0.0.0.0/32", "the unspecified address"),
        ("0.0.0.0/8", "an address of this network"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "an address shared by a carrier's customers"),
        ("127.0.0.0/8", "a loopback address"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "an address of an IETF protocol"),
        ("192.0.2.0/24", "an address for documentation"),
        ("192.88.99.0/24", "a relay of 6to4 tunnels"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "an address for benchmarks"),
        ("198.51.100.0/24", "an address for documentation"),
        ("203.0.113.0/24", "an address for documentation"),
        ("240.0.0.0/4", "a reserved address"),
        ("::/128", "the unspecified address"),
        ("::1/128", "a loopback address"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("2001::/32", "an address of a Teredo tunnel"),
        ("2001:db8::/32", "an address for documentation"),
        ("2001::/23", "an address of an IETF protocol"),
        ("2002::/16", "an address of a 6to4 tunnel"),
        ("3fff::/20", "an address for documentation"),
    )
)


def embedded_ipv4(address: IPAddress) -> IPAddress:
    """Return the IPv4 address that an IPv6 address stands for (IPv4-mapped, NAT64), else `address` itself."""
    if any(address in block for block in _WRAPPING):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def why_not_public(address: IPAddress) -> str | None:
    """Return what `address` is instead of globally reachable, or None when it is reachable.

    Notes
    -----
    What the registries answer with neither yes nor no (6to4, Teredo, 192.88.99.0/24) counts as not reachable. The
    registries leave multicast out; it is nobody's address.
    """
    real = embedded_ipv4(address)
    if real.is_multicast:
        return "a multicast address"
    if any(real in block for block in _REACHABLE):
        return None
    for block, kind in _NOT_REACHABLE:
        if real in block:
            return kind
    outside = isinstance(real, ipaddress.IPv6Address) and real not in _GLOBAL_UNICAST
    return "not a public address" if outside or not real.is_global else None
