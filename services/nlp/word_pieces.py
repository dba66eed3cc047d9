"""The word pieces with which every encoder here was pretrained (WordPiece; Wu et al. 2016)."""

import gzip

from tokenizers import Tokenizer

from nlp.artefacts import checked_path

PIECES_ARTEFACT = "word-pieces"


def load_tokenizer() -> Tokenizer:
    """Return the shipped pieces, checked by hash; each caller has a tokenizer of its own to set up."""
    return Tokenizer.from_str(gzip.decompress(checked_path(PIECES_ARTEFACT).read_bytes()).decode())
