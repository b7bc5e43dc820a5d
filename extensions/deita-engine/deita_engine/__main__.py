"""`python -m deita_engine FD OPTIONS`: the engine process; started by `deita_engine.client` only."""

import json
import logging
import sys

from . import log_lines
from .confinement import confine
from .kept_out import keep_out

options = json.loads(sys.argv[2])
log_lines.install(options["log_format"], logging.INFO)
confined = confine(options)
keep_out()

from .process import main  # noqa: E402 - importing DuckDB starts threads, which would not be confined

main(int(sys.argv[1]), options, confined)
