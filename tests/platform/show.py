"""Prints what the chart applies: `python -m tests.platform.show ENVIRONMENT`, which `make dev-values` runs."""

import sys

import yaml

from tests.platform.chart import rendered

if __name__ == "__main__":
    sys.stdout.write(yaml.safe_dump_all(rendered(sys.argv[1]), sort_keys=False))
