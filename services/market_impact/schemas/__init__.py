"""Bodies of this service's requests and responses, one module per subject, except event studies."""
