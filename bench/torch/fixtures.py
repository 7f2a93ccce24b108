"""Makes the PyTorch fixtures that chapter 10's fidelity tests read.

    python bench/torch/fixtures.py            # writes chapters/10-transformer/tests/fixtures/

- gpt2_two_layer.safetensors: a two-layer GPT-2, its input, logits, loss and every gradient.
- adamw.safetensors: ten AdamW steps on that model: batches, losses, gradient norms, final weights.
- hf_tiny/: a checkpoint as `transformers` and `tokenizers` save it, with expected.safetensors.

Every number is computed in float64 and stored as f32, so the fixture carries no f32 summation error
of its own. PyTorch's float32 answer is computed as well and must agree within 1e-5 of the largest
element; otherwise the fixture would test conditioning and not correctness, and the script stops.
"""

import argparse
import copy
from pathlib import Path

import numpy as np
import tokenizers
import torch
import torch.nn.functional as F
import transformers
from transformers import GPT2Config, GPT2LMHeadModel

from fixture_file import write

REPOSITORY = Path(__file__).resolve().parents[2]
FIXTURES = REPOSITORY / "chapters" / "10-transformer" / "tests" / "fixtures"
BATCH, LENGTH, VOCAB, IGNORE = 2, 24, 96, -100


def config(vocab):
    return GPT2Config(
        vocab_size=vocab, n_positions=32, n_embd=32, n_layer=2, n_head=2,
        activation_function="gelu_new", layer_norm_epsilon=1e-5, tie_word_embeddings=True,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=0, eos_token_id=0,
    )


def seeded_model(cfg, seed):
    """A model in which nothing is trivially 0 or 1: biases and LayerNorm gains are perturbed too.

    Matrices are large enough (std 0.2) for attention to be far from uniform and for GELU to be
    used on both of its tails. NumPy draws the numbers: its streams are fixed across versions.
    """
    cfg._attn_implementation = "eager"
    model = GPT2LMHeadModel(cfg).float().eval()
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.from_numpy(rng.standard_normal(tuple(p.shape)).astype(np.float32))
            if p.ndim >= 2:
                p.copy_(0.2 * noise)
            elif ".ln_" in name and name.endswith("weight"):
                p.copy_(1.0 + 0.1 * noise)
            else:
                p.copy_(0.1 * noise)
    return model


def batch(rng, vocab=VOCAB):
    """Random ids and targets; a few targets are ignored, scattered and at the end of a row."""
    ids = torch.from_numpy(rng.integers(0, vocab, (BATCH, LENGTH)))
    targets = torch.from_numpy(rng.integers(0, vocab, (BATCH, LENGTH)))
    targets[0, rng.choice(LENGTH - 4, 3, replace=False)] = IGNORE
    targets[1, LENGTH - 4 :] = IGNORE
    return ids, targets


def loss_of(logits, targets):
    """Mean cross-entropy over the targets that count; `targets[b, t]` belongs to `logits[b, t]`."""
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1), ignore_index=IGNORE)


def agree(name, single, double, limit=1e-5):
    """Stops unless the f32 result is within `limit` of the f64 one, relative to its largest element."""
    worst = (single.double() - double).abs().max() / double.abs().max()
    if not worst <= limit:
        raise SystemExit(f"{name}: float32 is {worst:.1e} away from float64 (limit {limit:.0e})")
    return float(worst)


def forward_backward(model, ids, targets):
    model.zero_grad()
    logits = model(ids).logits
    loss = loss_of(logits, targets)
    loss.backward()
    return {"logits": logits.detach(), "loss": loss.detach()} | {
        f"grad.{name}": p.grad.clone() for name, p in model.named_parameters()
    }


def make_two_layer(out):
    model = seeded_model(config(VOCAB), seed=1)
    ids, targets = batch(np.random.default_rng(2))
    single = forward_backward(copy.deepcopy(model), ids, targets)
    double = forward_backward(copy.deepcopy(model).double(), ids, targets)
    worst = max(agree(name, single[name], double[name]) for name in double)
    print(f"two_layer: loss {float(double['loss']):.6f}, float32 within {worst:.1e} of float64")
    tensors = {f"param.{name}": p for name, p in model.named_parameters()}
    write(out / "gpt2_two_layer.safetensors", tensors | double | {"ids": ids, "targets": targets}, {
        "config": "n_layer 2, n_head 2, n_embd 32, n_positions 32, vocab 96, gelu_new, tied head, eps 1e-5",
        "names": "param.NAME and grad.NAME with Hugging Face's names; matrices are [in, out] (Conv1D)",
        "loss": "mean cross-entropy over the targets that are not -100; targets are already shifted",
        "transformers": transformers.__version__,
    })
    return model


def train(model, batches):
    """Ten steps; weight decay on tensors with two dimensions or more, as GPT trainers group them."""
    params = list(model.parameters())
    groups = [
        {"params": [p for p in params if p.ndim >= 2], "weight_decay": 0.1},
        {"params": [p for p in params if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95), eps=1e-8)
    losses, norms = [], []
    for ids, targets in batches:
        optimizer.zero_grad()
        loss = loss_of(model(ids).logits, targets)
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(params, 1.0))
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses), torch.stack(norms)


def make_adamw(out, model):
    rng = np.random.default_rng(3)
    batches = [batch(rng) for _ in range(10)]
    final = copy.deepcopy(model).double()
    losses, norms = train(final, batches)
    losses32, norms32 = train(copy.deepcopy(model), batches)
    worst = max(agree("losses", losses32, losses), agree("norms", norms32, norms))
    print(f"adamw: losses {losses[0]:.4f} .. {losses[-1]:.4f}, norms {norms.min():.3f} .. {norms.max():.3f},"
          f" float32 within {worst:.1e}")
    tensors = {f"final.{name}": p for name, p in final.named_parameters()}
    tensors |= {
        "ids": torch.stack([ids for ids, _ in batches]),
        "targets": torch.stack([targets for _, targets in batches]),
        "losses": losses, "norms": norms,
    }
    write(out / "adamw.safetensors", tensors, {
        "start": "param.* of gpt2_two_layer.safetensors",
        "optimizer": "AdamW lr 1e-3, betas 0.9 0.95, eps 1e-8, weight decay 0.1 where ndim >= 2, "
                     "clip_grad_norm_ 1.0 before each step; norms are before clipping",
        "caution": "the key third of attn.c_attn.bias has an exactly zero gradient; in f32 its noise is "
                   "of the size of eps, so leave final.*.c_attn.bias[32:64] out of comparisons",
        "transformers": transformers.__version__,
    })


# A paragraph to learn merges from, and a harder one to encode: accents, CJK, emoji, odd spaces.
CORPUS = """\
A tensor is a block of numbers and a rule for reading them. The rule is a shape and a stride, and
with the rule alone one block can be read as a row, a column, a matrix or its transpose. Nothing is
moved when the rule changes; only the reading changes. When the numbers must move, a kernel moves
them: it reads each number once, it writes each number once, and it is done when the memory is done.
The matrix multiply is another matter. Each number is read many times, and the art is to read it
from far away once and from nearby often. We tile the matrix, we keep the tile near, and we count:
the bytes that were moved, the products that were made, and the time that went by. If the time is
close to the time the bytes need, we are finished. If it isn't, we look again at what was counted.
Attention reads a row of keys, weighs them, and adds up the values. The loss says how surprised the
model was; the gradient says what to change; the optimizer changes it, a little, a thousand times.
"""
PROBE = "The tensor's row: 12 keys,  3 values\n\tna\u00efve caf\u00e9 \u2192 \u6771\u4eac \U0001f642 it isn't done.\r\n  "


def make_tokenizer(path, vocab):
    """Byte-level BPE in the form GPT-2 uses; the file is what `tokenizers` itself writes."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.train_from_iterator([CORPUS], tokenizers.trainers.BpeTrainer(
        vocab_size=vocab, special_tokens=["<|endoftext|>"], show_progress=False,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
    ))
    assert tokenizer.get_vocab_size() == vocab
    assert tokenizer.decode(tokenizer.encode(PROBE).ids) == PROBE
    tokenizer.save(str(path))
    return tokenizer


def make_hf_tiny(out):
    folder, vocab = out / "hf_tiny", 320
    model = seeded_model(config(vocab), seed=4)
    model.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    tokenizer = make_tokenizer(folder / "tokenizer.json", vocab)
    ids = torch.from_numpy(np.random.default_rng(5).integers(0, vocab, (BATCH, LENGTH)))
    with torch.no_grad():
        logits = copy.deepcopy(model).double()(ids).logits
        loaded = GPT2LMHeadModel.from_pretrained(folder).eval()
        agree("hf_tiny logits", loaded(ids).logits, logits)
    write(folder / "expected.safetensors", {
        "ids": ids, "logits": logits, "text_ids": torch.tensor(tokenizer.encode(PROBE).ids),
    }, {"text": PROBE, "transformers": transformers.__version__, "tokenizers": tokenizers.__version__})


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--out", type=Path, default=FIXTURES, help="folder to write to")
    out = arguments.parse_args().out
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    out.mkdir(parents=True, exist_ok=True)
    make_adamw(out, make_two_layer(out))
    make_hf_tiny(out)
    total = sum(f.stat().st_size for f in out.rglob("*") if f.is_file())
    print(f"total {total:,} bytes")
    assert total < 1_000_000, "fixtures must stay under 1 MB"


if __name__ == "__main__":
    main()
