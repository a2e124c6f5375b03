"""Capitals of Liberation Sans Bold as Pillow draws them.

Made with Python 3.11, Pillow 11.3.0 (bundled FreeType), numpy 2.3.2:

    pip install pillow==11.3.0 numpy==2.3.2
    python tests/golden/generators_letters.py

Columns, for Pillow's font size 200 and the pen on the base line: the ink's
box in pixels (left, top, right, bottom; y down) and the ink itself, a sum of
coverages in pixels; then, for size 8, the text's size as Pillow 6 had it, from
the pen and the top of the line to the ink's right and lower edge.
"""

import csv
import pathlib
import string

import numpy as np
from PIL import Image, ImageDraw, ImageFont

here = pathlib.Path(__file__).resolve().parent
font_file = here.parent.parent / "generators" / "fonts" / "LiberationSans-Bold.ttf"
basic = ImageFont.Layout.BASIC
large = ImageFont.truetype(str(font_file), 200, layout_engine=basic)
small = ImageFont.truetype(str(font_file), 8, layout_engine=basic)

with open(here / "generators_letters.csv", "w", newline="") as out:
    table = csv.writer(out, lineterminator="\n")
    table.writerow("letter left top right bottom ink width_at_8 height_at_8".split())
    for letter in string.ascii_uppercase:
        image = Image.new("L", (400, 400), 0)
        ImageDraw.Draw(image).text((100, 250), letter, font=large, fill=255, anchor="ls")
        ink = np.asarray(image, dtype=np.float64) / 255
        rows, columns = np.nonzero(ink.sum(1))[0], np.nonzero(ink.sum(0))[0]
        box = [columns[0] - 100, rows[0] - 250, columns[-1] + 1 - 100, rows[-1] + 1 - 250]
        _, _, right, bottom = small.getbbox(letter, anchor="la")
        table.writerow([letter, *box, f"{ink.sum():.3f}", right, bottom])
