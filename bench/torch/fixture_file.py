"""Safetensors files with sorted headers, so that a rerun writes the same bytes."""

import json
import struct
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save


def as_numpy(tensor):
    """Float tensors as f32, integer tensors as i32: the two dtypes a fixture holds."""
    tensor = tensor.detach().cpu().contiguous()
    return tensor.numpy().astype(np.float32 if tensor.is_floating_point() else np.int32)


def write(path, tensors, about):
    """Writes `tensors` (name -> torch tensor) to `path`, with who made it and `about` in the header.

    The safetensors library keeps its metadata in a hash map, whose order changes from run to run;
    the header is therefore written again with its keys sorted.
    """
    metadata = {"torch": torch.__version__, "script": "bench/torch/fixtures.py", **about}
    blob = save({name: as_numpy(t) for name, t in tensors.items()}, metadata=metadata)
    (size,) = struct.unpack("<Q", blob[:8])
    header = json.loads(blob[8 : 8 + size])
    header["__metadata__"] = dict(sorted(metadata.items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + blob[8 + size :])
    print(f"{path}: {path.stat().st_size:,} bytes, {len(tensors)} tensors")
