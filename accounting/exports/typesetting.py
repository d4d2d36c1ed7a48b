"""One part of a report set by Typst, in a process of its own whose memory ends with it: `python -m …typesetting FOLDER`.

It knows nothing of Django. The folder holds `data.json` and is all that Typst may read; the fonts are those in Typst.
"""

import json
import shutil
import sys
from pathlib import Path

import typst

TEMPLATE = Path(__file__).with_name("report.typ")


def typeset(folder: Path) -> None:
    """Write `part.pdf`, or where the data ask for it `pages.json`: the page on which each piece came to stand."""
    data = json.loads((folder / "data.json").read_text(encoding="utf-8"))
    shutil.copyfile(TEMPLATE, folder / "report.typ")
    compiler = typst.Compiler(
        str(folder / "report.typ"),
        root=str(folder),
        font_paths=typst.Fonts(include_system_fonts=False),
        sys_inputs={"data": data.get("path", "data.json")},
    )
    if data["marks"]:
        pages = compiler.query("<pages>", field="value", one=True)
        (folder / "pages.json").write_text(pages, encoding="utf-8")
    else:
        compiler.compile(output=str(folder / "part.pdf"), format="pdf", pdf_tags=data["tagged"], timestamp=0)


if __name__ == "__main__":
    typeset(Path(sys.argv[1]))
