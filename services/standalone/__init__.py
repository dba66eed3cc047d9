"""The four services in one process, and the command line `mia`."""
