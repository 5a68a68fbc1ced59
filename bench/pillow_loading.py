"""A pass over a folder of photos by Pillow in processes: see loading.mjs. argv: processes."""

import pathlib
import sys
from multiprocessing import Pool

import numpy
import PIL
from PIL import Image

from worker import serve


def load(given):
    path, side = given
    with Image.open(path) as image:
        return numpy.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR))


def ways_of(case):
    paths = sorted(path for path in pathlib.Path(case["folder"]).rglob("*") if path.is_file())
    work = [(path, case["imageSize"]) for path in paths]

    def run():
        for pixels in pool.imap_unordered(load, work, chunksize=4):
            pixels.astype(numpy.float32) / 255

    return {"Pool.imap_unordered": run}


if __name__ == "__main__":
    processes = int(sys.argv[1])
    with Pool(processes) as pool:
        serve({"pillow": PIL.__version__, "pillowProcesses": processes}, ways_of)
