"""The worker for Pillow: reads a job per line of JSON from standard input, writes a result per line to standard
output."""

import io
import json
import sys
import time
from pathlib import Path

from PIL import ExifTags, Image

# The defaults of sharp and Safelight, as options of Pillow.
SAVE = {
    "jpeg": {"optimize": True},
    "png": {},
    "webp": {"method": 4},
    "avif": {},
}


def transform(source, task):
    with Image.open(source) as picture:
        size = (task["width"], task["height"])
        # Decodes a JPEG at n/8; other formats ignore it.
        picture.draft(None, size)
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    quality = {} if task["quality"] is None else {"quality": task["quality"]}
    return save(picture, task["format"], **SAVE[task["format"]], **quality)


def strip(source, _task):
    """Decodes, and encodes again with the source's tables: Pillow cannot strip without that."""
    with Image.open(source) as picture:
        return save(picture, "jpeg", quality="keep")


def show(source, _task):
    with Image.open(source) as picture:
        exif = picture.getexif()
    tags = {name: exif.get_ifd(ifd) for name, ifd in (("Photo", ExifTags.IFD.Exif), ("GPSInfo", ExifTags.IFD.GPSInfo))}
    return json.dumps({"Image": dict(exif), **tags}, default=str).encode()


def save(picture, form, **options):
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


TASKS = {"transform": transform, "strip": strip, "show": show}


def main():
    # Otherwise the first image would load the codecs.
    Image.init()
    print("ready", flush=True)
    held = (None, b"")
    for line in sys.stdin:
        job = json.loads(line)
        path, task, repeat = job["input"], job["task"], job["repeat"]
        if job["from"] == "memory" and held[0] != path:
            held = (path, Path(path).read_bytes())
        last = b""
        cpu, wall = time.process_time_ns(), time.perf_counter_ns()
        for _ in range(repeat):
            last = TASKS[task["kind"]](io.BytesIO(held[1]) if job["from"] == "memory" else path, task)
        cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
        if job["output"]:
            Path(job["output"]).write_bytes(last)
        print(json.dumps({"cpu_ns": cpu // repeat, "wall_ns": wall // repeat, "bytes": len(last)}), flush=True)


if __name__ == "__main__":
    main()
