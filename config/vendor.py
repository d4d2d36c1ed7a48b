"""Copies what the pages need from node_modules to static/vendor (git-ignored): `python -m config.vendor`."""

import re
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES, VENDOR = ROOT / "node_modules", ROOT / "static" / "vendor"
WHOLE = {
    "@digdir/designsystemet-css/dist/src/index.css": "designsystemet/designsystemet.css",
    "@digdir/designsystemet-theme/src/themes/designsystemet.css": "designsystemet/theme.css",
    "htmx.org/dist/htmx.min.js": "htmx/htmx.min.js",
}
FONT = "@fontsource/inter"
WEIGHTS, SUBSETS = (400, 500, 600, 700), ("latin", "latin-ext")


def copy_all() -> None:
    """Fill static/vendor anew; a package that is not installed ends in FileNotFoundError."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    for source, target in WHOLE.items():
        _copy(MODULES / source, VENDOR / target)
    faces = [face for weight in WEIGHTS for face in _faces(weight)]
    (VENDOR / "inter" / "inter.css").write_text("\n".join(faces) + "\n")


def _faces(weight: int) -> list[str]:
    """The @font-face rules of our subsets, woff2 only: every url must resolve, as the manifest storage looks it up."""
    text, found = (MODULES / FONT / f"{weight}.css").read_text(), []
    for subset in SUBSETS:
        name = f"inter-{subset}-{weight}-normal.woff2"
        face = next(one for one in re.findall(r"@font-face \{.*?\}", text, re.DOTALL) if f"/{name})" in one)
        found.append(re.sub(r"src:[^;]*;", f"src: url(./{name}) format('woff2');", face))
        _copy(MODULES / FONT / "files" / name, VENDOR / "inter" / name)
    return found


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


if __name__ == "__main__":
    copy_all()
