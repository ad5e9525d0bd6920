"""The inputs: real photos, and files that are created from them and cached."""

import os
from pathlib import Path

from PIL import Image, ImageOps

CHECKOUT = Path(__file__).resolve().parents[3]

CORPUS_FILES = {
    "photo": "sharp/2569067123_aca715a2ee_o.jpg",
    "paper": "sharp/alpha-premultiply-2048x1536-paper.png",
    "camera": "seed/images/TestImage.jpg",
}

JPEG_24MP = {"quality": 92, "subsampling": "4:2:0"}


def find(name, cache):
    """Returns the path of the input `name`, and creates it if necessary."""
    if name in CORPUS_FILES:
        return corpus_file(name)
    path = cache / MADE[name][0]
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        MADE[name][1](unfinished)
        unfinished.rename(path)
    return path


def corpus_file(name):
    folder = Path(os.environ.get("SAFELIGHT_CORPUS") or CHECKOUT.parent / "shared/corpus")
    path = folder / CORPUS_FILES[name]
    if not path.exists():
        raise SystemExit(f"no file {path}: set SAFELIGHT_CORPUS to the folder of real photos described in CONTRIBUTING.md")
    return path


def tiled():
    """24 MP with the detail of a photo, which enlarging would lose: the photo next to its mirror images."""
    photo = Image.open(corpus_file("photo"))
    picture = Image.new("RGB", (6000, 4000))
    mirrored = ImageOps.mirror(photo)
    for row, turned in enumerate((lambda tile: tile, ImageOps.flip)):
        for column, tile in enumerate((photo, mirrored, photo)):
            picture.paste(turned(tile), (column * photo.width, row * photo.height))
    return picture


def save_24mp(**options):
    return lambda path: tiled().save(path, "jpeg", **JPEG_24MP, **options)


def save_with_exif(path):
    exif = Image.open(corpus_file("camera")).info["exif"]
    tiled().save(path, "jpeg", **JPEG_24MP, exif=exif, comment="made for a bench")


def save_with_alpha(path):
    photo = ImageOps.fit(Image.open(corpus_file("photo")), (2048, 1536), Image.Resampling.LANCZOS)
    # Opaque at the corners, transparent in the middle.
    photo.putalpha(Image.radial_gradient("L").resize(photo.size, Image.Resampling.BICUBIC))
    photo.save(path, "png")


MADE = {
    "24mp": ("24mp.jpg", save_24mp()),
    "24mp-progressive": ("24mp-progressive.jpg", save_24mp(progressive=True)),
    "24mp-restart": ("24mp-restart.jpg", save_24mp(restart_marker_rows=1)),
    "24mp-exif": ("24mp-exif.jpg", save_with_exif),
    "photo-alpha": ("photo-alpha.png", save_with_alpha),
}
