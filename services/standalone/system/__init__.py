"""The four services as one system: in one process, or as processes behind Envoy."""
