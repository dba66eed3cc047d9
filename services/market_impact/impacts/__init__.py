"""One estimate as it is stored, sent, explained and checked against its outcome."""
