"""The difference of a result from the reference: a resize of the full decode in float32."""

import subprocess
from functools import lru_cache

import numpy
from PIL import Image

# Background of transparent pixels, for metrics without alpha.
GREY = 128.0


def measure(answer, path, size, score, scratch):
    """Returns PSNR in dB against the reference, and SSIMULACRA2 against the reference in 8 bits."""
    wanted = reference(path, size)
    with Image.open(answer) as picture:
        if picture.size != size:
            raise SystemExit(f"{answer} has {picture.size[0]} x {picture.size[1]} pixels, not {size[0]} x {size[1]}")
        found = on_grey(channels(picture))
    error = numpy.mean((found - wanted) ** 2)
    paths = [scratch / "reference.png", scratch / "answer.png"]
    for samples, png in zip((wanted, found), paths):
        Image.fromarray(numpy.rint(samples.clip(0, 255)).astype(numpy.uint8)).save(png, compress_level=1)
    ssimulacra2 = float(subprocess.run([score, *paths], check=True, capture_output=True, text=True).stdout)
    return {"psnr_db": float(10 * numpy.log10(255**2 / error)), "ssimulacra2": ssimulacra2}


@lru_cache(maxsize=None)
def reference(path, size):
    """Returns the image at `path`, resized to `size` by Lanczos3, shape `[h, w, 3]`, over grey."""
    with Image.open(path) as picture:
        samples = channels(picture)
    samples[..., :3] *= samples[..., 3:] / 255
    planes = [Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS) for plane in numpy.moveaxis(samples, 2, 0)]
    scaled = numpy.stack([numpy.asarray(plane) for plane in planes], axis=2)
    return scaled[..., :3] + GREY * (1 - scaled[..., 3:] / 255)


def channels(picture):
    """Returns an array of shape `[h, w, 4]`, 0 to 255, straight alpha."""
    return numpy.asarray(picture.convert("RGBA"), dtype=numpy.float32).copy()


def on_grey(samples):
    alpha = samples[..., 3:] / 255
    return samples[..., :3] * alpha + GREY * (1 - alpha)


def is_same_picture(answer, path):
    """Returns whether two files decode to the same pixels."""
    with Image.open(answer) as found, Image.open(path) as wanted:
        return found.size == wanted.size and found.convert("RGBA").tobytes() == wanted.convert("RGBA").tobytes()
