"""A decoder-only transformer in the style of GPT-2.

References
----------
Radford et al., Language Models are Unsupervised Multitask Learners, 2019.
"""

from __future__ import annotations

import torch
from torch import nn


class GPT(nn.Module):
    """Embeddings of characters and positions, blocks, output layer; time is the first axis.

    Parameters
    ----------
    vocab_size : int
    block_size : int
        Number of characters that it reads at most.
    units, num_layers, num_heads : int
    dropout : float
    """

    def __init__(
        self,
        vocab_size: int,
        block_size: int,
        units: int,
        num_layers: int,
        num_heads: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.block_size = block_size
        self.embedding = nn.Embedding(vocab_size, units)
        self.positions = nn.Embedding(block_size, units)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(_Block(units, num_heads, dropout) for _ in range(num_layers))
        self.norm = nn.LayerNorm(units)
        self.head = nn.Linear(units, vocab_size, bias=False)
        self._initialize(num_layers)

    def _initialize(self, num_layers: int) -> None:
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                # Layers that add to the residual stream start smaller, as in GPT-2.
                added = name.endswith(("attention_out.weight", "narrow.weight"))
                std = 0.02 / (2 * num_layers) ** 0.5 if added else 0.02
                nn.init.normal_(weight, std=std)

    def forward(self, ids: torch.Tensor, _state: None) -> tuple[torch.Tensor, None]:
        """Map ids (time, batch) to logits (time, batch, vocab_size); there is no state.

        Of a text longer than the block, each character but the first ``block_size`` is
        predicted from at least half a block before it.
        """
        logits = [self._read(ids[: self.block_size])]
        half = self.block_size // 2
        for done in range(self.block_size, len(ids), half):
            begin = done + half - self.block_size
            logits.append(self._read(ids[begin : done + half])[done - begin :])
        return torch.cat(logits), None

    def _read(self, ids: torch.Tensor) -> torch.Tensor:
        places = torch.arange(len(ids))
        hidden = self.dropout(self.embedding(ids.T) + self.positions(places))
        for block in self.blocks:
            hidden = block(hidden)
        logits: torch.Tensor = self.head(self.norm(hidden))
        return logits.transpose(0, 1)


class _Block(nn.Module):
    """Causal self-attention and a feed-forward network, each with a residual connection."""

    def __init__(self, units: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self._heads, self._dropout = num_heads, dropout
        self.attention_norm, self.narrow_norm = nn.LayerNorm(units), nn.LayerNorm(units)
        self.attention_in = nn.Linear(units, 3 * units)
        self.attention_out = nn.Linear(units, units)
        self.wide, self.narrow = nn.Linear(units, 4 * units), nn.Linear(4 * units, units)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Map (batch, time, units) to the same shape."""
        hidden = hidden + self.dropout(self._attend(self.attention_norm(hidden)))
        wide = nn.functional.gelu(self.wide(self.narrow_norm(hidden)))
        return hidden + self.dropout(self.narrow(wide))

    def _attend(self, hidden: torch.Tensor) -> torch.Tensor:
        rows, time, units = hidden.shape
        split = (
            part.view(rows, time, self._heads, units // self._heads).transpose(1, 2)
            for part in self.attention_in(hidden).split(units, dim=2)
        )
        attended = nn.functional.scaled_dot_product_attention(
            *split, dropout_p=self._dropout if self.training else 0.0, is_causal=True
        )
        out: torch.Tensor = self.attention_out(attended.transpose(1, 2).reshape(rows, time, units))
        return out
