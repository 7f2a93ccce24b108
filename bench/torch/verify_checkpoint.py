"""Does a checkpoint that Strata trained open in `transformers` and `tokenizers`, and agree?

    python bench/torch/verify_checkpoint.py CHECKPOINT_DIR LOGITS.safetensors

LOGITS.safetensors holds what Strata computed from that checkpoint: `ids` [batch, T] and `logits`
[batch, T, vocab]; to compare tokenizers also `text_ids` [n], with the text itself under `text` in the
file's metadata. Exits 0 when everything agrees, 1 when something differs, 2 when a file is unusable.
Warnings and messages of the libraries are failures too: an ordinary user would see them.
"""

import argparse
import logging
import sys
import warnings
from pathlib import Path

import tokenizers
import torch
import transformers
from safetensors import safe_open


class Collector(logging.Handler):
    """Keeps what `transformers` logs at warning level or above, which it does not raise."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())


def load_expected(path):
    """The tensors and the metadata of Strata's file."""
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
        return tensors, file.metadata() or {}


def check_weights(folder):
    """Loads the model; any missing, unexpected or misshapen tensor is a failure, not a fresh start."""
    model, info = transformers.GPT2LMHeadModel.from_pretrained(folder, output_loading_info=True)
    wrong = [f"{kind}: {sorted(map(str, info[kind]))}" for kind in info if info[kind]]
    tied = model.lm_head.weight.data_ptr() == model.transformer.wte.weight.data_ptr()
    return model.eval(), wrong + ([] if tied else ["lm_head.weight is not tied to wte.weight"])


def check_logits(model, tensors, limit):
    ids, want = tensors["ids"].long(), tensors["logits"].float()
    if ids.ndim == 1:
        ids, want = ids[None], want.reshape(1, *want.shape[-2:])
    with torch.no_grad():
        got = model.float()(ids).logits
    if got.shape != want.shape:
        return False, f"transformers gives {list(got.shape)}, the file holds {list(want.shape)}"
    difference = (got - want).abs().max().item()
    # `not <=` and not `>`: a NaN must fail.
    return difference <= limit, (
        f"{ids.numel()} positions, max|difference| {difference:.2e} (limit {limit:.0e}), "
        f"max|logit| {got.abs().max().item():.2f}"
    )


def check_tokenizer(folder, tensors, metadata):
    if "text" not in metadata or "text_ids" not in tensors:
        return None, "no text in the file's metadata"
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    text, want = metadata["text"], tensors["text_ids"].tolist()
    got = tokenizer.encode(text, add_special_tokens=False).ids
    if got != want:
        at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
        return False, (f"{len(got)} tokens from tokenizers, {len(want)} from Strata; they part at token {at}: "
                       f"{got[at : at + 5]} and {want[at : at + 5]}")
    back = tokenizer.decode(got, skip_special_tokens=False)
    return back == text, f"{len(got)} tokens, decoded back {'to the same text' if back == text else repr(back)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, help="folder with config.json, model.safetensors, tokenizer.json")
    parser.add_argument("logits", type=Path, help="Strata's ids and logits")
    parser.add_argument("--limit", type=float, default=1e-3, help="largest difference of a logit (default 1e-3)")
    arguments = parser.parse_args()

    collector = Collector()
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.get_logger().addHandler(collector)
    torch.manual_seed(0)
    verdicts = []

    def report(what, good, line):
        verdicts.append(good)
        print(f"{'skip' if good is None else 'ok  ' if good else 'FAIL'} {what}: {line}")

    try:
        if not arguments.checkpoint.is_dir():  # Otherwise taken for a model's name on a hub.
            raise FileNotFoundError(f"{arguments.checkpoint} is not a folder")
        tensors, metadata = load_expected(arguments.logits)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model, wrong = check_weights(arguments.checkpoint)
        count = sum(p.numel() for p in model.parameters())
        report("weights", not wrong, "; ".join(wrong) or f"{count:,} parameters, tied head")
        noise = collector.messages + [str(w.message) for w in caught]
        report("quiet load", not noise, "; ".join(noise) or "no warnings")
        report("logits", *check_logits(model, tensors, arguments.limit))
        report("tokenizer", *check_tokenizer(arguments.checkpoint, tensors, metadata))
    except Exception as error:  # A file we cannot use, of whatever kind, is one answer to the user.
        print(f"FAIL {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    failed = sum(v is False for v in verdicts)
    print("the checkpoint agrees" if not failed else f"{failed} of {len(verdicts)} checks failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
