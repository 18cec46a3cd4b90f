"""A small decoder-only transformer: five kinds of positions, normalization before each block, causal attention."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from unseen.models.decoder_block import POSITIONS, Block, Positions
from unseen.models.key_value_cache import KeyValueCache


class Decoder(nn.Module):
    r"""Next-token logits of a sequence of tokens.

    Parameters
    ----------
    vocabulary : int
        Number of tokens.
    context : int
        Longest sequence, offset included. Only learned positions need such a bound; the others are defined beyond it,
        so that `context` then only says how long a sequence is let in.
    width : int
        Size of the residual stream, a multiple of `heads`.
    layers, heads : int
        Number of blocks, and of attention heads in each.
    positions : {"none", "learned", "rotary", "alibi", "relative"}
        ``learned``: a vector per position, added to the token's. ``rotary``: queries and keys turned by angles
        proportional to position (Su et al. 2021, equation 15; base 10,000, so a head needs an even width).
        ``alibi``: scores lowered by :math:`2^{-8h/H}` per token of distance in head h = 1..H (Press, Smith and Lewis
        2022, section 3). ``relative``: a learned key vector per distance, all distances from `clip` up sharing one
        (Shaw, Uszkoreit and Vaswani 2018, equation 5, without their values' vectors).
    clip : int
        Largest distance told apart by relative positions, at least 1.
    log_attention : bool
        Whether scores of a query that sees n keys are multiplied by log n, which keeps attention sharp as sequences
        grow (Chiang and Cholak 2022, section 5.3).
    initial_std : float
        Standard deviation of the initial weights, above 0. The default is made for widths of many hundreds; a width of
        48 has a signal of ordinary size at 0.1, and then learns to add several times sooner.

    Notes
    -----
    Weights are drawn from N(0, initial_std^2), those that write to the residual stream scaled by
    ``1 / sqrt(2 layers)``, and biases are 0, as in GPT-2 (Radford et al. 2019, section 2.3). Unlike there, the output
    layer has weights of its own.

    Examples
    --------
    >>> Decoder(vocabulary=10, context=8)(torch.zeros(2, 5, dtype=torch.int64)).shape
    torch.Size([2, 5, 10])
    """

    def __init__(
        self,
        *,
        vocabulary: int,
        context: int,
        width: int = 64,
        layers: int = 2,
        heads: int = 4,
        positions: Positions = "learned",
        clip: int = 16,
        log_attention: bool = False,
        initial_std: float = 0.02,
    ):
        super().__init__()
        sizes = {"vocabulary": vocabulary, "context": context, "layers": layers, "heads": heads, "clip": clip}
        for name, value in sizes.items():
            if value < 1:
                raise ValueError(f"{name} is a whole number from 1 up, not {value}")
        if width < 1 or width % heads:
            raise ValueError(f"width must be a multiple of the {heads} heads, not {width}")
        if positions not in POSITIONS:
            raise ValueError(f"positions are one of {', '.join(POSITIONS)}, not {positions!r}")
        if positions == "rotary" and (width // heads) % 2:
            raise ValueError(f"rotary positions need heads of even width, not {width // heads}")
        if not 0 < initial_std < float("inf"):
            raise ValueError(f"initial_std must be above 0 and finite, not {initial_std}")
        self.context, self.vocabulary = context, vocabulary
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(context, width) if positions == "learned" else None
        self.blocks = nn.ModuleList(Block(width, heads, positions, clip, log_attention) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif "norm" not in name:
                writes = name.endswith(("attention_out.weight", "mlp_out.weight"))
                nn.init.normal_(parameter, std=initial_std / (2 * layers) ** 0.5 if writes else initial_std)

    def forward(
        self, tokens: Tensor, *, offset: int | Tensor = 0, cache: KeyValueCache | None = None, last: bool = False
    ) -> Tensor:
        """Compute the logits.

        Parameters
        ----------
        tokens : int64 Tensor, shape (n, length)
            Numbers from 0 to the vocabulary less 1.
        offset : int or int64 Tensor of shape (n,)
            Learned position of the first token, so that training can use all of the context with short sequences
            (random offsets). Other kinds of positions do not depend on it.
        cache : KeyValueCache, optional
            What earlier calls computed for the same sequences; `tokens` continue them and are added to it. Its
            padding, if any, says which of the first tokens are none.
        last : bool
            Whether to compute the logits after the last token only.

        Returns
        -------
        Tensor, shape (n, length or 1, vocabulary)

        Raises
        ------
        ValueError
            If the sequences reach beyond the context, or the offset is negative.
        """
        length = tokens.shape[-1]
        start = 0 if cache is None else cache.length
        shift = offset if isinstance(offset, int) else 0
        if shift < 0:
            raise ValueError(f"the offset is a position from 0 up, not {shift}")
        if start + shift + length > self.context:
            where = f" from position {start + shift}" if start + shift else ""
            raise ValueError(f"{length} tokens{where} reach beyond the context of {self.context}")
        stream = self.tokens(tokens)
        if self.positions is not None:
            slots = torch.arange(start, start + length, device=tokens.device)
            if cache is not None and cache.padding is not None:
                slots = (slots - cache.padding[:, None]).clamp(min=0)
            stream = stream + self.positions(slots + (offset if isinstance(offset, int) else offset[:, None]))
        for layer, block in enumerate(self.blocks):
            stream = block(stream, cache=cache, layer=layer, last=last and layer + 1 == len(self.blocks))
        if cache is not None:
            cache.advance(length)
        logits: Tensor = self.head(self.norm(stream))
        return logits
