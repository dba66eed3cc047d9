"""The contextual name tagger in PyTorch: BERT layers over pieces, capitalisation and gazetteer features."""

from torch import Tensor, nn

from nlp.entities.tagging.labels import LABELS
from nlp.entities.tagging.word_sequences import N_FORMS, N_LISTED
from nlp.training.deep.encoder import N_LAYERS, SIZE, Trunk


class TokenTagger(Trunk):
    """Answers a score for each label of each piece; the encoder was pretrained on lower case."""

    new_parts = ("forms", "listed", "labels")

    def __init__(self, n_layers: int = N_LAYERS, dropout: float = 0.1) -> None:
        super().__init__(n_layers, dropout)
        self.forms = nn.Embedding(N_FORMS, SIZE)
        self.listed = nn.Embedding(N_LISTED, SIZE)
        self.labels = nn.Linear(SIZE, len(LABELS))
        # What is beside the pieces says nothing before it is learned: the pretrained layers begin with what they know.
        nn.init.zeros_(self.forms.weight)
        nn.init.zeros_(self.listed.weight)

    def forward(self, pieces: Tensor, mask: Tensor, forms: Tensor, listed: Tensor) -> Tensor:
        """Return the scores of the labels, of shape (n_texts, n_pieces, 7); each input is (n_texts, n_pieces)."""
        found: Tensor = self.labels(self.dropout(self.states(pieces, mask, self.forms(forms) + self.listed(listed))))
        return found
