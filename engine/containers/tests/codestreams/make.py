"""Makes the codestreams of this folder: pip install imagecodecs==2026.3.6, and opj_compress 2.5 on the path."""

import pathlib
import subprocess
import tempfile

import imagecodecs
import numpy

FOLDER = pathlib.Path(__file__).parent
WIDTH, HEIGHT = 40, 30


def picture(bits, channels=1, offset=0):
    """The picture that the tests compute as well: two parabolas under a chequerboard."""
    y, x, c = numpy.mgrid[0:HEIGHT, 0:WIDTH, 0:channels]
    level = x * x + 2 * y * y + (x // 8 + y // 8) % 2 * 200 + c * 150
    samples = level * (2**bits - 1) // 5000 - offset
    kind = ("u" if offset == 0 else "i") + ("1" if bits <= 8 else "2")
    return samples.astype(kind).squeeze()


def openjph(name, samples, **options):
    FOLDER.joinpath(name).write_bytes(imagecodecs.htj2k_encode(samples, reversible=True, **options))


def openjpeg(name, samples, *options, bits=12):
    kind = b"P6" if samples.ndim == 3 else b"P5"
    head = b"%s\n%d %d\n%d\n" % (kind, WIDTH, HEIGHT, 2**bits - 1)
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "in.ppm" if samples.ndim == 3 else "in.pgm")
        source.write_bytes(head + samples.astype(">u2" if 8 < bits else "u1").tobytes())
        subprocess.run(["opj_compress", "-i", source, "-o", FOLDER / name, *options], check=True)


# As AWS HealthImaging stores frames: one tile-part for each resolution, and a list of them.
openjph("ht-signed16.j2c", picture(16, offset=2**15), resolutions=3, tlm=True, tilepart=1)
openjph("ht-grey16.j2c", picture(16), resolutions=3, tlm=True, tilepart=1)
openjph("ht-rgb8.j2c", picture(8, channels=3), resolutions=2, tlm=True, tilepart=1)
# One tile-part for everything, without a word on where packets end.
openjph("ht-whole.j2c", picture(16), resolutions=3)
openjph("ht-tiles.j2c", picture(16), resolutions=2, tile=(16, 16))
openjpeg("grey12-lengths.j2k", picture(12), "-n", "4", "-p", "RPCL", "-PLT")
openjpeg("grey12-precincts.j2k", picture(12), "-n", "3", "-p", "RLCP", "-PLT", "-c", "[16,16],[8,8],[8,8]", "-b", "4,4")
openjpeg("grey12-position.j2k", picture(12), "-n", "3", "-p", "PCRL", "-PLT")
openjpeg("grey12-layers.j2k", picture(12), "-n", "3", "-r", "4,2,1", "-t", "16,16")
openjpeg("grey8-lossy.jp2", picture(8), "-n", "3", "-I", "-r", "4", bits=8)
openjpeg("rgb8.jp2", picture(8, channels=3), "-n", "3", bits=8)
