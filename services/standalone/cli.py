"""The command line `mia`."""

import typer

from standalone.commands import checking, data, keys, sealing, serving, training

app = typer.Typer(
    name="mia",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Market Impact Analysis System: from a headline to an alert.",
)
for commands in (serving.app, checking.app, data.app, training.app):
    app.registered_commands += commands.registered_commands
app.add_typer(keys.app, name="keys", help="API keys, which open all four services.")
app.add_typer(sealing.app, name="secrets", help="How secrets are stored.")


def main() -> None:
    """Run the command line; the entry point of the distribution."""
    app()


if __name__ == "__main__":
    main()
