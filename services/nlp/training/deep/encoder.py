"""The encoder of the deep tier in PyTorch: a narrow BERT (Devlin et al. 2019) with sentiment heads."""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

SIZE = 384
_HEADS = 12
_INNER = 1536
N_LAYERS = 6
_PIECES = 30_522
_POSITIONS = 512
_EPSILON = 1e-12
N_OUTPUTS = 4


class Layer(nn.Module):
    """One layer: attention over the pieces, then two linear maps, each added to its input and normalised."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(SIZE, SIZE) for _ in range(3))
        self.attended = nn.Linear(SIZE, SIZE)
        self.attended_norm = nn.LayerNorm(SIZE, eps=_EPSILON)
        self.inner = nn.Linear(SIZE, _INNER)
        self.outer = nn.Linear(_INNER, SIZE)
        self.outer_norm = nn.LayerNorm(SIZE, eps=_EPSILON)
        self.dropout = nn.Dropout(dropout)
        self._attention_dropout = dropout

    def forward(self, hidden: Tensor, bias: Tensor) -> Tensor:
        """Return the next hidden states; `hidden` of shape (n_texts, n_pieces, 384)."""
        n_texts, n_pieces, _ = hidden.shape

        def split(states: Tensor) -> Tensor:
            return states.view(n_texts, n_pieces, _HEADS, SIZE // _HEADS).transpose(1, 2)

        context = functional.scaled_dot_product_attention(
            split(self.query(hidden)),
            split(self.key(hidden)),
            split(self.value(hidden)),
            attn_mask=bias.to(hidden.dtype),
            dropout_p=self._attention_dropout if self.training else 0.0,
        )
        merged = context.transpose(1, 2).reshape(n_texts, n_pieces, SIZE)
        hidden = self.attended_norm(hidden + self.dropout(self.attended(merged)))
        inner = functional.gelu(self.inner(hidden))
        return self.outer_norm(hidden + self.dropout(self.outer(inner)))


class Trunk(nn.Module):
    """The layers that every model of the deep tier begins with, pretrained.

    Notes
    -----
    `new_parts` are the modules of a model that no pretraining knows: they learn at a rate of their own.
    """

    new_parts: ClassVar[tuple[str, ...]] = ()

    def __init__(self, n_layers: int = N_LAYERS, dropout: float = 0.1) -> None:
        super().__init__()
        self.pieces = nn.Embedding(_PIECES, SIZE)
        self.positions = nn.Embedding(_POSITIONS, SIZE)
        self.embedded_norm = nn.LayerNorm(SIZE, eps=_EPSILON)
        self.layers = nn.ModuleList(Layer(dropout) for _ in range(n_layers))
        self.dropout = nn.Dropout(dropout)

    def states(self, pieces: Tensor, mask: Tensor, beside: Tensor | float = 0.0) -> Tensor:
        """Return the last states of the pieces, of shape (n_texts, n_pieces, 384); `beside` is added at the start."""
        bias = (1.0 - mask.to(torch.float32))[:, None, None, :] * -10_000.0
        places = torch.arange(pieces.shape[1], device=pieces.device)
        read = self.pieces(pieces) + self.positions(places) + beside
        hidden: Tensor = self.dropout(self.embedded_norm(read))
        for layer in self.layers:
            hidden = layer(hidden, bias)
        return hidden


class MarkedEncoder(Trunk):
    """A teacher: reads a text once for each name that it is asked about, which stands between marks.

    Notes
    -----
    One head is for the document and one for the name between marks; each answers the logits of negative, neutral and
    positive, and a score before its tanh.
    """

    new_parts = ("document", "entity")

    def __init__(self, n_layers: int, dropout: float = 0.1) -> None:
        super().__init__(n_layers, dropout)
        self.document = nn.Linear(2 * SIZE, N_OUTPUTS)
        self.entity = nn.Linear(2 * SIZE, N_OUTPUTS)

    def forward(self, pieces: Tensor, mask: Tensor) -> Tensor:
        """Return the outputs of both heads.

        Parameters
        ----------
        pieces : of shape (n_texts, n_pieces), numbers of word pieces
        mask : of the same shape, 1 where a piece is and 0 where the text has ended

        Returns
        -------
        Tensor of shape (n_texts, 8): the document head's four outputs, then the entity head's
        """
        pooled = self.dropout(whole_texts(self.states(pieces, mask), mask))
        return torch.cat([self.document(pooled), self.entity(pooled)], dim=1)


class Encoder(Trunk):
    """The sentence encoder that is shipped: reads a text once, whatever names are asked about.

    Notes
    -----
    What is thought toward a name is the mean over the pieces that it is written with, as in TD-BERT (Gao et al. 2019):
    of a map of each piece's state, and of one of the whole text. Outputs are those of `MarkedEncoder`.
    """

    new_parts = ("document", "toward")

    def __init__(self, n_layers: int = N_LAYERS, dropout: float = 0.1) -> None:
        super().__init__(n_layers, dropout)
        self.document = nn.Linear(2 * SIZE, N_OUTPUTS)
        self.toward_whole = nn.Linear(2 * SIZE, N_OUTPUTS, bias=False)
        self.toward_piece = nn.Linear(SIZE, N_OUTPUTS)

    def forward(self, pieces: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return what is thought of the texts and toward what each piece is a part of.

        Parameters
        ----------
        pieces : of shape (n_texts, n_pieces), numbers of word pieces
        mask : of the same shape, 1 where a piece is and 0 where the text has ended

        Returns
        -------
        Tensors of shape (n_texts, 4) and (n_texts, n_pieces, 4)
        """
        hidden = self.states(pieces, mask)
        pooled = self.dropout(whole_texts(hidden, mask))
        toward = self.toward_piece(self.dropout(hidden)) + self.toward_whole(pooled)[:, None, :]
        return self.document(pooled), toward


def whole_texts(hidden: Tensor, mask: Tensor) -> Tensor:
    """Return the mean state of the pieces joined with the first one's, of shape (n_texts, 768)."""
    weight = mask / mask.sum(dim=1, keepdim=True)
    mean = (hidden * weight[:, :, None]).sum(dim=1)
    return torch.cat([mean, hidden[:, 0]], dim=1)
