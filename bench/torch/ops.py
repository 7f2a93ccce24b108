"""The yardstick's single operators. Each yields (name, dtype, shape, run, make, flops, bytes).

`make()` draws one fresh set of inputs and `run(*inputs)` is what is timed. FLOPs are the
operator's own; bytes are the fewest it can move: each input read once, each output written once.
"""

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from model import Block, Config

F32, BF16 = torch.float32, torch.bfloat16
NAMES = {F32: "f32", BF16: "bf16"}


class Ops:
    """The list, for one device; `small` shrinks every dimension, to try the script out."""

    def __init__(self, device, small):
        self.device, self.small = device, small

    def dim(self, n, least=64):
        return min(n, least) if self.small else n

    def randn(self, *shape, dtype=F32):
        return torch.randn(*shape, device=self.device, dtype=dtype)

    def copy(self):
        n = self.dim(1 << 30, 1 << 16)
        yield "copy", "f32", [n], lambda a, b: b.copy_(a), lambda: (self.randn(n), self.randn(n)), 0, 8 * n

    def matmul(self):
        sizes = [(1, 2048, 2048, 2048), (1, 4096, 4096, 4096)]
        model = [(1, 16384, 1536, 384), (1, 16384, 384, 1536), (1, 16384, 4096, 384)]
        for kind, dtype in [("f32", F32), ("tf32", F32), ("bf16", BF16)]:
            for b, m, n, k in sizes + ([(32, 2048, 2048, 2048)] if kind == "bf16" else []) + model:
                b, m, n, k = (self.dim(x, 32) for x in (b, m, n, k))

                def run(x, y, tf32=kind == "tf32"):
                    torch.backends.cuda.matmul.allow_tf32 = tf32
                    return x @ y

                def make(b=b, m=m, n=n, k=k, dtype=dtype):
                    lead = (b,) if b > 1 else ()
                    return self.randn(*lead, m, k, dtype=dtype), self.randn(*lead, k, n, dtype=dtype)

                moved = b * (m * k + k * n + m * n) * dtype.itemsize
                yield "matmul", kind, [b, m, n, k], run, make, 2 * b * m * n * k, moved

    def gelu(self):
        r, c = self.dim(32768), self.dim(3072)
        for d in (F32, BF16):
            n = r * c * d.itemsize
            yield ("gelu forward", NAMES[d], [r, c], lambda x: F.gelu(x, approximate="tanh"),
                   lambda d=d: (self.randn(r, c, dtype=d),), 0, 2 * n)
            yield ("gelu backward", NAMES[d], [r, c],
                   lambda g, x: torch.ops.aten.gelu_backward(g, x, approximate="tanh"),
                   lambda d=d: (self.randn(r, c, dtype=d), self.randn(r, c, dtype=d)), 0, 3 * n)

    def layernorm(self):
        r, c = self.dim(32768), self.dim(768)
        for d in (F32, BF16):
            n = r * c * d.itemsize
            weight, bias = self.randn(c, dtype=d), self.randn(c, dtype=d)

            def inputs(d=d, weight=weight, bias=bias):
                x = self.randn(r, c, dtype=d)
                _, mean, rstd = torch.ops.aten.native_layer_norm(x, [c], weight, bias, 1e-5)
                return self.randn(r, c, dtype=d), x, [c], mean, rstd, weight, bias, [True, True, True]

            yield ("layernorm forward", NAMES[d], [r, c],
                   lambda x, w=weight, b=bias: F.layer_norm(x, [c], w, b),
                   lambda d=d: (self.randn(r, c, dtype=d),), 0, 2 * n)
            yield ("layernorm backward", NAMES[d], [r, c], torch.ops.aten.native_layer_norm_backward,
                   inputs, 0, 3 * n)

    def softmax(self):
        r, c = self.dim(16384), self.dim(1024)
        for d in (F32, BF16):
            yield ("softmax", NAMES[d], [r, c], lambda x: torch.softmax(x, -1),
                   lambda d=d: (self.randn(r, c, dtype=d),), 0, 2 * r * c * d.itemsize)

    def cross_entropy(self):
        r, c = self.dim(16384), self.dim(4096)
        for d in (F32, BF16):
            def run(x, t):
                return torch.autograd.grad(F.cross_entropy(x, t), x)

            def make(d=d):
                return (self.randn(r, c, dtype=d).requires_grad_(), torch.randint(c, (r,), device=self.device))

            yield "cross-entropy forward+backward", NAMES[d], [r, c], run, make, 0, 2 * r * c * d.itemsize

    def embedding(self):
        n, vocab, c = self.dim(16384), self.dim(4096), self.dim(384)
        for d in (F32, BF16):
            def run(g, ids):
                return torch.ops.aten.embedding_dense_backward(g, ids, vocab, -1, False)

            def make(d=d):
                return self.randn(n, c, dtype=d), torch.randint(vocab, (n,), device=self.device)

            yield "embedding backward", NAMES[d], [n, vocab, c], run, make, 0, (n + vocab) * c * d.itemsize

    def adamw(self):
        for n in (12_318_720, 124_439_808):
            n = self.dim(n, 4096)

            def make(n=n):
                p = self.randn(n).requires_grad_()
                p.grad = self.randn(n)
                return (torch.optim.AdamW([p], lr=1e-3, fused=True),)

            yield "adamw fused", "f32", [n], lambda o: o.step(), make, 0, 7 * 4 * n

    def attention(self):
        shapes = [(64, 6, 256, 64), (32, 12, 1024, 64), (4, 16, 4096, 128)]
        kinds = [("flash", SDPBackend.FLASH_ATTENTION, BF16, shapes),
                 ("cudnn", SDPBackend.CUDNN_ATTENTION, BF16, shapes),
                 ("efficient", SDPBackend.EFFICIENT_ATTENTION, F32, shapes[1:2])]
        if self.device == "cpu":
            kinds = [("cpu", SDPBackend.FLASH_ATTENTION, F32, shapes[:1])]
        for kind, backend, d, list_of in kinds:
            for b, h, t, e in list_of:
                b, t = self.dim(b, 2), self.dim(t)

                def forward(q, k, v, backend=backend):
                    with sdpa_kernel(backend):
                        return F.scaled_dot_product_attention(q, k, v, is_causal=True)

                def qkv(b=b, h=h, t=t, e=e, d=d):
                    return tuple(self.randn(b, h, t, e, dtype=d) for _ in range(3))

                def graph(forward=forward, qkv=qkv):
                    leaves = tuple(x.requires_grad_() for x in qkv())
                    out = forward(*leaves)
                    return out, leaves, torch.randn_like(out)

                # Causal: half of the two products. Backward is five products to forward's two.
                flops, n = 2 * b * h * t * t * e, b * h * t * e * d.itemsize
                yield f"attention forward, {kind}", NAMES[d], [b, h, t, e], forward, qkv, flops, 4 * n
                yield (f"attention backward, {kind}", NAMES[d], [b, h, t, e],
                       lambda o, x, g: torch.autograd.grad(o, x, g, retain_graph=True),
                       graph, 5 * flops // 2, 8 * n)

    def block(self):
        b, t, w = self.dim(32, 2), self.dim(1024), self.dim(768, 96)
        flops = 2 * b * t * 12 * w * w + 2 * b * t * t * w
        for kind in ("bf16", "tf32"):
            def train(block, x, kind=kind):
                out = infer(block, x, kind)
                return torch.autograd.grad(out, [x, *block.parameters()], torch.ones_like(out))

            def infer(block, x, kind=kind):
                torch.backends.cuda.matmul.allow_tf32 = kind == "tf32"
                return block(x)

            def make(kind=kind):
                d = BF16 if kind == "bf16" else F32
                block = Block(Config(width=w, heads=12)).to(self.device, d)
                return block, self.randn(b, t, w, dtype=d).requires_grad_()

            yield "block forward", kind, [b, t, w], torch.no_grad()(infer), make, flops, 0
            yield "block forward+backward", kind, [b, t, w], train, make, 3 * flops, 0

    GROUPS = ("copy", "matmul", "gelu", "layernorm", "softmax", "cross_entropy", "embedding", "adamw",
              "attention", "block")
