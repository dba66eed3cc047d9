"""Bodies of this service's requests and answers, one module a subject, apart from event studies."""
