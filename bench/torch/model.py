"""The GPT that Strata trains, in plain PyTorch: what the yardstick times and the reference curve trains.

It computes the same function as `transformers.GPT2LMHeadModel` (pre-norm, tanh GELU, biases, tied
head) and calls PyTorch's fused operators, so that the yardstick is PyTorch at its best.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Config:
    vocab: int = 4096
    context: int = 256
    layers: int = 6
    heads: int = 6
    width: int = 384
    dropout: float = 0.0


PRESETS = {
    "gpt-12m": (Config(), 12_318_720),
    "gpt-1m": (Config(vocab=2048, context=128, layers=4, heads=4, width=128), 1_071_872),
}


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(self, c):
        super().__init__()
        self.heads, self.dropout = c.heads, c.dropout
        self.ln_1, self.ln_2 = nn.LayerNorm(c.width), nn.LayerNorm(c.width)
        self.qkv, self.proj = nn.Linear(c.width, 3 * c.width), nn.Linear(c.width, c.width)
        self.up, self.down = nn.Linear(c.width, 4 * c.width), nn.Linear(4 * c.width, c.width)

    def forward(self, x):
        b, t, w = x.shape
        q, k, v = self.qkv(self.ln_1(x)).view(b, t, 3, self.heads, w // self.heads).unbind(2)
        p = self.dropout if self.training else 0.0
        a = F.scaled_dot_product_attention(
            q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True, dropout_p=p
        )
        x = x + F.dropout(self.proj(a.transpose(1, 2).reshape(b, t, w)), self.dropout, self.training)
        h = F.gelu(self.up(self.ln_2(x)), approximate="tanh")
        return x + F.dropout(self.down(h), self.dropout, self.training)


class GPT(nn.Module):
    """Ids [batch, T] and targets [batch, T] to the mean cross-entropy."""

    def __init__(self, c):
        super().__init__()
        self.dropout = c.dropout
        self.wte, self.wpe = nn.Embedding(c.vocab, c.width), nn.Embedding(c.context, c.width)
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.layers))
        self.ln_f = nn.LayerNorm(c.width)
        # GPT-2's initial weights: std 0.02, residual projections smaller by the root of their number.
        for name, p in self.named_parameters():
            if p.ndim >= 2:
                last = name.endswith(("proj.weight", "down.weight"))
                nn.init.normal_(p, std=0.02 / (2 * c.layers) ** 0.5 if last else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def forward(self, ids, targets):
        positions = torch.arange(ids.shape[1], device=ids.device)
        x = F.dropout(self.wte(ids) + self.wpe(positions), self.dropout, self.training)
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.ln_f(x), self.wte.weight)
        return F.cross_entropy(logits.view(-1, logits.shape[-1]).float(), targets.view(-1))


def parameter_groups(model, weight_decay):
    """Decay for matrices, none for biases and LayerNorm: the grouping of GPT trainers."""
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
