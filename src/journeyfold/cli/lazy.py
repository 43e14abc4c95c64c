"""Commands load when they are called, so that `journeyfold --help` stays under 150 ms."""

from __future__ import annotations

from importlib import import_module

import click

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("init:init", "Make a project directory from a template."),
    "check": ("check:check", "Find everything that is wrong in the project."),
    "test": ("test:test", "Play the scenarios under tests/ and compare."),
    "plan": ("plan:plan", "Show what a changed project would do to recorded history."),
    "up": ("up:up", "Run the platform."),
    "demo": ("demo:demo", "Make a shop with history and live traffic, and run it."),
    "import": ("imports:import_", "Read a file or table through a source's mapping."),
    "replay": ("replay:replay", "Rebuild state from the log, beside the live one."),
    "journey": ("journey:journey", "List, steer and play journeys."),
    "outbox": ("outbox:outbox", "List what waits to be delivered; retry, resend, drop."),
    "destination": ("destination:destination", "List, pause and resume destinations."),
    "sync": ("sync:sync", "List, preview and run audience syncs."),
    "template": ("template:template", "Preview a message as a person, and send a test."),
    "mail": ("mail:mail", "Read mail that came back."),
    "why": ("why:why", "Explain a membership, a journey, a decision or a merge."),
    "identity": ("identity:identity", "See who is who, give evidence, link records."),
    "lineage": ("lineage:lineage", "Show where something comes from, and what breaks without it."),
    "erase": ("erase:erase", "Forget a person."),
    "sources": ("sources:sources", "Show the inventory of sources, and which stages they inform."),
    "follow": ("follow:follow", "Read the changes of a database."),
    "quarantine": ("quarantine:quarantine", "List, show and replay what did not fit."),
    "keys": ("keys:keys", "Create, list, rotate and revoke API keys."),
    "export": ("export:export", "Write events or people to a file."),
    "backup": ("backup:backup", "Copy the data while the platform runs, and verify the copy."),
    "bench": ("bench:bench", "Measure, and compare with the goals."),
    "openapi": ("openapi:openapi", "Print the OpenAPI document of the HTTP interface."),
    "quality": ("quality:quality", "Look at how good the data is."),
    "taxonomy": ("taxonomy:taxonomy", "See which values no taxonomy knows."),
    "schema": ("schema:schema", "List, check, compare and publish the schemas of events."),
    "version": ("version:version", "Print the version."),
}
PROCESSES = {
    "serve": "processes:serve", "work": "processes:work", "pull": "processes:pull",
    "link": "processes:link",
}  # fmt: skip
"""What `up` starts: not listed, not for people."""
"""Name → (module:attribute under this folder, the sentence `--help` lists)."""


class LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        where = PROCESSES.get(cmd_name) or COMMANDS.get(cmd_name, ("", ""))[0]
        if not where:
            return None
        module, _, attribute = where.partition(":")
        command = getattr(import_module(f"journeyfold.cli.{module}"), attribute)
        assert isinstance(command, click.Command), "the table names commands"
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, sentence) for name, (_, sentence) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and name not in COMMANDS and name not in PROCESSES:
            from journeyfold.project.nearest import did_you_mean

            guess = did_you_mean(name, COMMANDS) or "see `journeyfold --help`"
            raise click.UsageError(f"no command '{name}'; {guess}")
        return super().resolve_command(ctx, args)
