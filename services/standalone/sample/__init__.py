"""The bundled sample: headlines on real, dated corporate events and the daily bars around them.

It is what a first start replays, so that the first pictures are those of true events. `files` says where the two
files lie; README.md says what each column is, where the figures come from and what they may not be used for.
"""
