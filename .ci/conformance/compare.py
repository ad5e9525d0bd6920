# Compares decoded images with those of Pillow and libvips, over the samples of Pillow (which include bmpsuite) and
# PngSuite.
#
#   python compare.py SAFELIGHT SAMPLES
#
# SAMPLES has the source distributions of pillow and pypng, unpacked. An image agrees if a peer shows the same picture.
# Every other image must match a line of EXPLAINED, and every line must be needed.

import importlib
import io
import json
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pyvips
from PIL import Image, ImageOps

SUFFIXES = {'.png', '.apng', '.gif', '.bmp', '.dib', '.ico', '.tif', '.tiff', '.webp', '.jpg', '.jpeg', '.jp2', '.j2k', '.avif'}
MAX_PIXELS = 30_000_000

# Mean and largest difference of colours, and of alpha, of 255. Decoders of lossy formats differ by rounding.
SAME = (1.5, 48, 1)

EXPLAINED = [
    (r'/apng/sequence_(fdat_fctl|start)', 'chunks of frames are out of order, and the file is rejected as damaged'),
    (r'/apng/', 'browsers show the first frame of the animation; peers show the image before it'),
    (r'cmyk', 'CMYK without a profile looks as if printed; peers invert it'),
    (r'\.s\.tif|_pgm\.tiff', 'the whole range of signed samples is shown; peers clip it, or take it for unsigned'),
    (r'/bmp/.*rle', 'the picture is that of bmpsuite; Pillow reads runs in another way'),
    (r'10ct_32bit', 'floats are taken to be from 0 to 1; Pillow takes them to be from 0 to 255'),
    (r'unknown_pixel_mode', 'the whole range of 32 bits is shown; libvips clips it'),
    (r'(broken_data_stream|truncated_\w+)\.png$|overflow_rows', 'the file is cut short or damaged, and is rejected'),
    (r'app13\.jpg', 'libjpeg does not smooth chroma that is two samples wide'),
    (r'hopper_bad_exif', 'damaged coefficients exceed what any image has, and overflow elsewhere'),
    (r'hopper_(lzma|webp)\.tif', 'few programs write TIFF with LZMA or WebP: unsupported'),
    (r'wrong_bits_per_sample_2', 'samples of several depths are unsupported'),
    (r'clipboard\.dib', 'a bitmap without the header of a file has no signature'),
    (r'rgb_trns_ycbc', 'tiles of JPEG 2000 with coding parameters of their own are unsupported'),
]


def eight_bits(image):
    """Grey of 16 bits, rounded: Pillow would clip it."""
    if not image.mode.startswith('I'):
        return image
    levels = np.clip(np.round(np.asarray(image).astype(float) / 257), 0, 255)
    return Image.fromarray(levels.astype(np.uint8))


def shown_by_pillow(file):
    with Image.open(file) as image:
        image.load()
        info = image.info if image.format == 'PNG' else {}
        return np.asarray(eight_bits(ImageOps.exif_transpose(image)).convert('RGBA')), info


def shown_by_vips(path):
    image = pyvips.Image.new_from_file(str(path))
    if image.width * image.height > MAX_PIXELS:
        raise ValueError('too large')
    image = image.autorot()
    if image.get_typeof('icc-profile-data'):
        image = image.icc_transform('srgb', intent='relative')
    image = image.colourspace('srgb')
    if image.bands < 4:
        image = image.addalpha()
    shape = [image.height, image.width, image.bands]
    return np.ndarray(buffer=image.cast('uchar').write_to_memory(), dtype=np.uint8, shape=shape)[..., :4]


def corrected(picture, info):
    """Applies the gAMA of a PNG, as browsers do and the peers do not."""
    gamma = info.get('gamma')
    if gamma is None or 'srgb' in info or 'icc_profile' in info or abs(gamma - 1 / 2.2) < 0.005:
        return picture
    linear = (picture[..., :3] / 255) ** (1 / gamma)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.dstack([np.round(encoded * 255).astype(np.uint8), picture[..., 3]])


def difference(ours, theirs):
    """The mean and the largest difference of visible colours, and the largest of alpha; or why there is none."""
    if isinstance(ours, str) or isinstance(theirs, str):
        return theirs if isinstance(theirs, str) else 'a picture'
    if ours.shape != theirs.shape:
        return f'{theirs.shape[1]} × {theirs.shape[0]}, not {ours.shape[1]} × {ours.shape[0]}'
    ours, theirs = ours.astype(int), theirs.astype(int)
    visible = np.minimum(ours[..., 3:], theirs[..., 3:]) / 255
    colours = np.abs(ours[..., :3] - theirs[..., :3]) * visible
    return round(float(colours.mean()), 2), round(float(colours.max())), int(np.abs(ours[..., 3] - theirs[..., 3]).max())


def agrees(found):
    return isinstance(found, tuple) and all(value <= most for value, most in zip(found, SAME))


def attempt(show, *arguments):
    try:
        return show(*arguments)
    except Exception as error:  # Peers raise many kinds, also for files that are damaged on purpose.
        return f'{type(error).__name__}: {error}'.split('\n')[0][:60]


def compare(address, folder, path):
    """Returns what Safelight says if it rejects the image, and how its picture differs from each peer's."""
    name = urllib.parse.quote(str(path.relative_to(folder)))
    try:
        with urllib.request.urlopen(f'http://{address}/{name}?format=png') as response:
            ours, rejected = shown_by_pillow(io.BytesIO(response.read()))[0], None
    except urllib.error.HTTPError as error:
        ours = rejected = json.loads(error.read())['detail']
    pillow, vips = attempt(shown_by_pillow, path), attempt(shown_by_vips, path)
    if isinstance(pillow, tuple):
        pillow, info = pillow
        pillow = corrected(pillow, info)
        vips = vips if isinstance(vips, str) else corrected(vips, info)
    return rejected, {'Pillow': difference(ours, pillow), 'libvips': difference(ours, vips)}


def serve(binary, folder):
    command = [binary, 'serve', folder, '--listen', '127.0.0.1:0', '--log', 'info', '--max-work', '60000']
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    for line in server.stderr:
        entry = json.loads(line)
        if entry['message'] == 'listening':
            threading.Thread(target=server.stderr.read, daemon=True).start()
            return server, entry['address']
    raise SystemExit(f'{binary} ended with {server.wait()}')


def pngsuite(samples, folder):
    """Writes the images of PngSuite, which pypng has in a module."""
    (module,) = samples.glob('pypng-*/code/pngsuite.py')
    sys.path.append(str(module.parent))
    suite = importlib.import_module('pngsuite')
    folder.mkdir(exist_ok=True)
    for name, content in suite.png.items():
        (folder / f'{name}.png').write_bytes(content)


def main(binary, samples):
    warnings.simplefilter('ignore')
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    counts, needed, unexplained = Counter(), set(), []
    pngsuite(samples, samples / 'pngsuite')
    (pillow,) = samples.glob('pillow-*/Tests/images')
    paths = [path for folder in (pillow, samples / 'pngsuite') for path in folder.rglob('*')]
    paths = sorted(path for path in paths if path.suffix.lower() in SUFFIXES)
    server, address = serve(binary, samples)
    try:
        for path in paths:
            rejected, found = compare(address, samples, path)
            name = str(path.relative_to(samples))
            reasons = [reason for pattern, reason in EXPLAINED if re.search(pattern, name)]
            if any(map(agrees, found.values())):
                counts['agree with a peer'] += 1
            elif rejected and 'a picture' not in found.values():
                counts['are read by nobody'] += 1
            elif not rejected and all(isinstance(peer, str) and ' × ' not in peer for peer in found.values()):
                counts['are read by Safelight alone'] += 1
            elif reasons:
                needed.add(reasons[0])
                counts[reasons[0]] += 1
            else:
                unexplained.append(f'{name}: {rejected or "a picture"}; {found}')
    finally:
        server.kill()
    print(f'{len(paths)} images')
    for what, count in counts.most_common():
        print(f'{count:5} {what}')
    print(*unexplained, sep='\n')
    unneeded = {reason for _, reason in EXPLAINED} - needed
    if unneeded:
        print('not needed:', unneeded)
    return bool(unexplained or unneeded)


sys.exit(main(sys.argv[1], Path(sys.argv[2])))
