#!/usr/bin/env python3
"""Rays a second beside optiland (MIT, from PyPI), the same rays in one run, one thread each, processor time.

usage: peer.py RATE LENS.json...
RATE is the built example `rate` of calotype-optics (cargo build --release -p calotype-optics --example rate).
Rays: 17 fields from the axis to the largest, 5677 places of the paraxial entrance pupil each, primary wavelength. Best of five runs.
"""
import json, os, subprocess, sys, time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
from optiland.materials import IdealMaterial
from optiland.optic import Optic
from optiland.rays import RealRays


def optic(lens, w):
    o = Optic()
    o.add_surface(index=0, thickness=np.inf)
    for i, s in enumerate(lens["surfaces"], 1):
        coeffs = {int(p): a for p, a in s.get("asphere", {}).get("coeffs", {}).items()}
        kind = dict(surface_type="standard", conic=s.get("conic", 0.0))
        if coeffs:
            kind = dict(surface_type="even_asphere", conic=s.get("conic", 0.0),
                        coefficients=[coeffs.get(2 * k, 0.0) for k in range(1, max(coeffs) // 2 + 1)])
        o.add_surface(index=i, radius=s["radius"] if s["radius"] is not None else np.inf, thickness=s["thickness"],
                      material=IdealMaterial(n=s["n"][w]), is_stop=s["stop"], **kind)
    o.add_surface(index=len(lens["surfaces"]) + 1)
    o.set_aperture(aperture_type="EPD", value=lens["verified_epd"])
    o.set_field_type("angle")
    o.add_field(y=0)
    o.add_wavelength(value=lens["wavelengths"][w]["um"], is_primary=True)
    return o


def main():
    rate = sys.argv[1]
    print(f"{'lens':26} {'rays':>7} {'calotype M/s':>13} {'optiland M/s':>13} {'ratio':>6}  optiland lost or elsewhere")
    for path in sys.argv[2:]:
        lens = json.load(open(path))
        ours = json.loads(subprocess.run([rate, path], check=True, capture_output=True, text=True).stdout)
        lens["verified_epd"] = ours["epd_mm"]
        w = [i for i, q in enumerate(lens["wavelengths"]) if q.get("primary")][0]
        o = optic(lens, w)
        x, y, l, m, n = (np.array(ours[k]) for k in "xylmn")
        best = 1e9
        for _ in range(5):
            rays = RealRays(x, y, np.zeros_like(x), l, m, n, np.ones_like(x), np.full_like(x, lens["wavelengths"][w]["um"]))
            start = time.process_time()
            o.surface_group.trace(rays)
            best = min(best, time.process_time() - start)
        off = np.hypot(np.asarray(rays.x) - ours["image_x"], np.asarray(rays.y) - ours["image_y"])
        wrong = int(np.sum(~(off < 1e-6) & np.array(ours["arrived"])))
        theirs = len(x) / best / 1e6
        print(f"{lens['name']:26} {len(x):7d} {ours['rays_per_s'] / 1e6:13.2f} {theirs:13.3f} "
              f"{ours['rays_per_s'] / 1e6 / theirs:6.1f}  {wrong}")


main()
