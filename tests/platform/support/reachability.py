"""Who may reach whom: NetworkPolicy and AuthorizationPolicy, reasoned through as their definitions say."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tests.platform.support.chart import JSON

# The platform gives every namespace this label with its own name.
NAMESPACE_LABEL = "kubernetes.io/metadata.name"
_ACTIONS = ("DENY", "ALLOW")


@dataclass(frozen=True)
class Peer:
    """A pod, or with `address` something outside the cluster."""

    namespace: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    address: str = ""


def may_connect(objects: Iterable[JSON], source: Peer, target: Peer, port: int, protocol: str = "TCP") -> bool:
    """Tell whether the NetworkPolicies let `source` open a connection to `target`: both sides must allow it."""
    policies = [item for item in objects if item["kind"] == "NetworkPolicy"]
    leaves = _is_allowed(policies, "Egress", source, target, port, protocol)
    return leaves and _is_allowed(policies, "Ingress", target, source, port, protocol)


def _is_allowed(policies: list[JSON], direction: str, pod: Peer, other: Peer, port: int, protocol: str) -> bool:
    chosen = [
        policy["spec"]
        for policy in policies
        if not pod.address
        and policy["metadata"]["namespace"] == pod.namespace
        and direction in policy["spec"]["policyTypes"]
        and _selects(policy["spec"]["podSelector"], pod.labels)
    ]
    if not chosen:
        return True
    rules = [rule for spec in chosen for rule in spec.get(direction.lower()) or []]
    return any(_admits(rule, direction, pod, other, port, protocol) for rule in rules)


def _admits(rule: JSON, direction: str, pod: Peer, other: Peer, port: int, protocol: str) -> bool:
    ports = rule.get("ports")
    if ports and not any(entry.get("protocol", "TCP") == protocol and entry["port"] == port for entry in ports):
        return False
    peers = rule.get("to" if direction == "Egress" else "from")
    return not peers or any(_is_peer(peer, pod.namespace, other) for peer in peers)


def _is_peer(peer: JSON, own_namespace: str, other: Peer) -> bool:
    if "ipBlock" in peer:
        # What an address block says of pods is the network plugin's affair; here it is for what lies outside.
        return bool(other.address) and _lies_in(peer["ipBlock"], other.address)
    if other.address:
        return False
    if "namespaceSelector" in peer:
        if not _selects(peer["namespaceSelector"], {NAMESPACE_LABEL: other.namespace}):
            return False
    elif other.namespace != own_namespace:
        return False
    return _selects(peer.get("podSelector", {}), other.labels)


def _lies_in(block: JSON, text: str) -> bool:
    address = ipaddress.ip_address(text)
    inside = address in ipaddress.ip_network(block["cidr"])
    return inside and not any(address in ipaddress.ip_network(cidr) for cidr in block.get("except", []))


def _selects(selector: JSON, labels: dict[str, str]) -> bool:
    if "matchExpressions" in selector:
        raise NotImplementedError("write the reasoning for matchExpressions before a policy uses them")
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


def may_call(objects: Iterable[JSON], principal: str, target: Peer, port: int, method: str, path: str) -> bool:
    """Tell whether the AuthorizationPolicies let the holder of a certificate call: none may deny, one must allow."""
    chosen = [
        item["spec"]
        for item in objects
        if item["kind"] == "AuthorizationPolicy"
        and item["metadata"]["namespace"] == target.namespace
        and _selects(item["spec"].get("selector", {}), target.labels)
    ]
    actions = {action: [spec for spec in chosen if spec.get("action", "ALLOW") == action] for action in _ACTIONS}
    if sum(map(len, actions.values())) < len(chosen):
        raise NotImplementedError("write the reasoning for other actions before a policy uses them")
    denied, allowed = (
        [_matches(rule, principal, port, method, path) for spec in actions[action] for rule in spec.get("rules", [])]
        for action in _ACTIONS
    )
    return not any(denied) and (not actions["ALLOW"] or any(allowed))


def _matches(rule: JSON, principal: str, port: int, method: str, path: str) -> bool:
    return any(_is_caller(source["source"], principal) for source in rule["from"]) and any(
        _is_operation(target["operation"], port, method, path) for target in rule["to"]
    )


def _is_caller(source: JSON, principal: str) -> bool:
    named, others = source.get("principals", ["*"]), source.get("notPrincipals", [])
    return any(fnmatchcase(principal, one) for one in named) and not any(fnmatchcase(principal, one) for one in others)


def _is_operation(operation: JSON, port: int, method: str, path: str) -> bool:
    return (
        str(port) in operation.get("ports", [str(port)])
        and method in operation.get("methods", [method])
        and any(fnmatchcase(path, pattern) for pattern in operation.get("paths", ["*"]))
    )
