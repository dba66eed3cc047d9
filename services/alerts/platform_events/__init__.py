"""Events of Flagger, Flux and Alertmanager as alerts."""
