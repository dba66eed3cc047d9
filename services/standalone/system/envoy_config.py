"""Envoy's configuration from the gateway table: one listener, one route per prefix, paths unchanged."""

from common.contracts.json import JSONObject
from common.gateway import SERVICES, Service
from standalone.system.envoy_answers import local_replies
from standalone.system.http_protocol import DEFAULT_LIMITS, MAX_HEADERS, RequestLimits

# Below the services' own limit: a connection that a service is just closing is never used.
_UPSTREAM_IDLE_SECONDS = 15


def envoy_bootstrap(
    port: int,
    ports: dict[str, int],
    *,
    limits: RequestLimits = DEFAULT_LIMITS,
    host: str = "127.0.0.1",
    names: dict[str, str] | None = None,
) -> JSONObject:
    """Return Envoy's bootstrap configuration.

    Parameters
    ----------
    port : the gateway's own port.
    ports : port of each service, by its name.
    limits : what Envoy takes of a request; the services have the same limits.
    names : host name of each service, by its name, which Envoy then resolves; on the loopback address when absent.
    """
    return {
        "static_resources": {
            "listeners": [_listener(host, port, limits)],
            "clusters": [
                _cluster(service, ports[service.name], names[service.name] if names else None) for service in SERVICES
            ],
        },
        "overload_manager": {
            "resource_monitors": [
                {
                    "name": "envoy.resource_monitors.global_downstream_max_connections",
                    "typed_config": {
                        "@type": _type(
                            "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"
                        ),
                        "max_active_downstream_connections": limits.max_connections,
                    },
                }
            ]
        },
    }


def _type(name: str) -> str:
    return f"type.googleapis.com/{name}"


def _listener(host: str, port: int, limits: RequestLimits) -> JSONObject:
    manager: JSONObject = {
        "@type": _type("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "gateway",
        # Streams stay open: no limit on the whole request, only on its silence.
        "stream_idle_timeout": "60s",
        "request_timeout": f"{limits.receive_seconds:g}s",
        "request_headers_timeout": f"{limits.receive_seconds:g}s",
        "max_request_headers_kb": limits.max_header_bytes // 1024,
        "common_http_protocol_options": {"max_headers_count": MAX_HEADERS, "idle_timeout": "60s"},
        "local_reply_config": local_replies(),
        "normalize_path": True,
        "merge_slashes": True,
        "route_config": {
            "virtual_hosts": [
                {"name": "services", "domains": ["*"], "routes": [_route(service) for service in SERVICES]}
            ]
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": _type("envoy.extensions.filters.http.router.v3.Router")},
            }
        ],
    }
    return {
        "name": "gateway",
        "address": _address(host, port),
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }


def _route(service: Service) -> JSONObject:
    return {
        "match": {"path_separated_prefix": service.prefix},
        "route": {
            "cluster": service.name,
            "timeout": "0s",
            # Only what the service has certainly not seen is sent again; the outbox repeats the rest.
            "retry_policy": {"retry_on": "connect-failure,refused-stream", "num_retries": 2},
        },
    }


def _cluster(service: Service, port: int, name: str | None) -> JSONObject:
    return {
        "name": service.name,
        "type": "STRICT_DNS" if name else "STATIC",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": _type("envoy.extensions.upstreams.http.v3.HttpProtocolOptions"),
                "common_http_protocol_options": {"idle_timeout": f"{_UPSTREAM_IDLE_SECONDS}s"},
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
        "load_assignment": {
            "cluster_name": service.name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(name or "127.0.0.1", port)}}]}],
        },
    }


def _address(host: str, port: int) -> JSONObject:
    # `::` means every address, those of IPv4 too, as in the one process.
    both_kinds: JSONObject = {"ipv4_compat": True} if host == "::" else {}
    return {"socket_address": {"address": host, "port_value": port, **both_kinds}}
