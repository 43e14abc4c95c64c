"""`journeyfold`: one clear sentence and a lasting exit code for everything that goes wrong.

Exit codes (trust section 5): 0 ok, 1 error or findings, 2 `plan` found changes, 3 refused by a
gate, 64 wrong usage, 74 input or output, 75 try later, 78 configuration or format, 130 stopped
by Ctrl-C. A traceback means a defect of journeyfold, never a mistake of the user.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from journeyfold.cli.lazy import LazyGroup
from journeyfold.core.errors import EngineError, JourneyfoldError, UsageError

STOPPED = 130


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Commands run in the project directory. Start with: journeyfold init shop",
)
def cli() -> None:
    """Customer journeys from event to decision, with every step explained."""


def main(args: Sequence[str] | None = None, runtime: object = None) -> None:
    """Run one command and exit. `runtime` replaces the platform behind the commands."""
    sys.exit(run(sys.argv[1:] if args is None else args, runtime))


def run(args: Sequence[str], runtime: object = None) -> int:
    """The exit code of one command; every expected failure becomes one sentence on stderr."""
    try:
        answer = cli.main(list(args), prog_name="journeyfold", standalone_mode=False, obj=runtime)
        return answer if isinstance(answer, int) else 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except (click.Abort, KeyboardInterrupt):
        return STOPPED
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)  # a page of help, no sentence
        return UsageError.exit_code
    except click.ClickException as error:
        return _fail(UsageError(_usage_sentence(error)), args)
    except JourneyfoldError as error:
        return _fail(error, args)
    except (BrokenPipeError, SystemExit):  # click and rich make the one the other
        sys.stderr.close()  # the reader went away, as `| head` does: nobody is left to tell
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(EngineError(f"{where}{error.strerror or error}"), args)


def _fail(error: JourneyfoldError, args: Sequence[str]) -> int:
    from journeyfold.cli.output import print_failure

    print_failure(error, as_json="--json" in args)
    return error.exit_code


def _usage_sentence(error: click.ClickException) -> str:
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"{error.format_message()} See `{error.ctx.command_path} --help`."
    return error.format_message()


if __name__ == "__main__":
    main()
