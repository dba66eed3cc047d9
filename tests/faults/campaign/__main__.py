"""`python -m tests.faults.campaign`: one campaign; exits with 1 when the counts do not balance."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from tests.faults.campaign.report import as_json, as_text
from tests.faults.campaign.running import Campaign, Result, run_campaign


def main() -> int:
    """Run the campaign that the arguments describe, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.campaign", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=280.0, help="how long clients and faults go on")
    parser.add_argument(
        "--patience", type=float, default=180.0, help="seconds without progress until what is on its way counts as lost"
    )
    parser.add_argument("--jump", type=float, default=120.0, help="the most seconds by which a clock jumps")
    parser.add_argument("--no-faults", action="store_true", help="clients only")
    parser.add_argument("--report", type=Path, help="write the figures here, as JSON")
    parser.add_argument("--logs", type=Path, help="keep the processes' logs here")
    given = parser.parse_args()
    campaign = Campaign(
        seed=given.seed,
        n_articles=given.articles,
        seconds=given.seconds,
        patience_seconds=given.patience,
        max_jump_seconds=given.jump,
        has_faults=not given.no_faults,
        keep_logs=given.logs,
    )
    result = asyncio.run(_until_told_to_stop(campaign))
    sys.stdout.write(as_text(result) + "\n")
    if given.report is not None:
        given.report.write_text(json.dumps(as_json(result), indent=2) + "\n", encoding="utf-8")
    return 0 if result.adds_up else 1


async def _until_told_to_stop(campaign: Campaign) -> Result:
    running = asyncio.create_task(run_campaign(campaign))
    # Cancelled, everything that was started is stopped.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    return await running


if __name__ == "__main__":
    sys.exit(main())
