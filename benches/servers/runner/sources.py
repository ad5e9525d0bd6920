"""The folder that every server serves: inputs of the comparison of libraries, and files that are made of them."""

import os
import shutil
from pathlib import Path

import inputs
from PIL import Image

CACHE = Path(os.environ["SERVERS_INPUTS"])
# The sizes in bytes that the files are made to have, within a hundredth.
SIZES = {"250kb": 250_000, "5mb": 5_000_000}
PEERS = ("photo", "24mp")


def link(name, folder):
    """Puts the source `name` in `folder`, and returns its path there."""
    path = folder / f"{name}.jpg"
    if not path.exists():
        if name in PEERS:
            shutil.copy(inputs.find(name, CACHE), path)
        else:
            save(path, SIZES[name])
    return path


def save(path, size):
    """Saves a photo with EXIF as a JPEG of `size` bytes: as many pixels of the photo as that takes."""
    exif = Image.open(inputs.corpus_file("camera")).info["exif"]
    photo = inputs.tiled()
    # The bytes grow with the area, so a few steps suffice.
    scale = 0.5
    for _ in range(12):
        part = photo.crop((0, 0, round(photo.width * scale), round(photo.height * scale)))
        part.save(path, "jpeg", quality=95, exif=exif)
        found = path.stat().st_size
        if abs(found - size) <= size / 100:
            return
        scale = min(1.0, scale * (size / found) ** 0.5)
    raise SystemExit(f"{path} has {found} bytes, not {size}: choose another quality in sources.py")
