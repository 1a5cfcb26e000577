"""Where things are in the repository."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "server" / "stoppress"
CLIENT = ROOT / "client_js"
SCHEMAS = ROOT / "tests" / "schemas"
