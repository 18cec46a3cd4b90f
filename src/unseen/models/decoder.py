"""A small decoder-only transformer: learned positions, normalization before each block, causal attention."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Decoder(nn.Module):
    """Next-token logits of a sequence of tokens.

    Parameters
    ----------
    vocabulary : int
        Number of tokens.
    context : int
        Longest sequence.
    width : int
        Size of the residual stream, a multiple of `heads`.
    layers, heads : int
        Number of blocks, and of attention heads in each.

    Notes
    -----
    Weights are drawn from N(0, 0.02^2), those that write to the residual stream scaled by ``1 / sqrt(2 layers)``, and
    biases are 0, as in GPT-2 (Radford et al. 2019, section 2.3). Unlike there, the output layer has weights of its own.

    Examples
    --------
    >>> Decoder(vocabulary=10, context=8)(torch.zeros(2, 5, dtype=torch.int64)).shape
    torch.Size([2, 5, 10])
    """

    def __init__(self, *, vocabulary: int, context: int, width: int = 64, layers: int = 2, heads: int = 4):
        super().__init__()
        for name, value in {"vocabulary": vocabulary, "context": context, "layers": layers, "heads": heads}.items():
            if value < 1:
                raise ValueError(f"{name} is a whole number from 1 up, not {value}")
        if width < 1 or width % heads:
            raise ValueError(f"width must be a multiple of the {heads} heads, not {width}")
        self.context = context
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif "norm" not in name:
                writes = name.endswith(("attention_out.weight", "mlp_out.weight"))
                nn.init.normal_(parameter, std=0.02 / (2 * layers) ** 0.5 if writes else 0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map int64 tokens of shape (n, length) to logits of shape (n, length, vocabulary).

        Raises
        ------
        ValueError
            If the sequences are longer than the context.
        """
        length = tokens.shape[-1]
        if length > self.context:
            raise ValueError(f"sequences of {length} tokens are longer than the context of {self.context}")
        stream = self.tokens(tokens) + self.positions(torch.arange(length, device=tokens.device))
        for block in self.blocks:
            stream = block(stream)
        logits: Tensor = self.head(self.norm(stream))
        return logits


class Block(nn.Module):
    """Causal self-attention, then a two-layer perceptron, each added to the residual stream.

    Parameters
    ----------
    width, heads : int
        See `Decoder`.
    """

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.attention_in = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp_in = nn.Linear(width, 4 * width)
        self.mlp_out = nn.Linear(4 * width, width)

    def forward(self, stream: Tensor) -> Tensor:
        """Map (n, length, width) to the same shape."""
        stream = stream + self.attend(self.attention_norm(stream))
        hidden = functional.gelu(self.mlp_in(self.mlp_norm(stream)))
        added: Tensor = stream + self.mlp_out(hidden)
        return added

    def attend(self, stream: Tensor) -> Tensor:
        """Attention over each position and those before it, (n, length, width) to the same shape."""
        n, length, width = stream.shape
        projected = self.attention_in(stream).view(n, length, 3, self.heads, width // self.heads)
        query, key, value = projected.permute(2, 0, 3, 1, 4).unbind(0)  # each (n, heads, length, width / heads)
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        out: Tensor = self.attention_out(mixed.transpose(1, 2).reshape(n, length, width))
        return out
