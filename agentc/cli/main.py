"""`agentc`: one Typer application, one file a command."""

from __future__ import annotations

import sys

import typer

from agentc.cli.compile import compile_command
from agentc.cli.explain import explain_command
from agentc.cli.ir import ir_command
from agentc.cli.run import run_command
from agentc.cli.target import target_app
from agentc.errors import AgentcError

app = typer.Typer(
    name="agentc",
    help="Compile an agent graph for mixed hardware, explain the plan, and run it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("compile")(compile_command)
app.command("run")(run_command)
app.command("explain")(explain_command)
app.command("ir")(ir_command)
app.add_typer(target_app, name="target")


def main() -> None:
    """Runs the command line. A user's mistake is one message on stderr, never a stack trace.

    Exit codes: 0 ok, 1 the run failed, 2 usage or input error, 3 infeasible, 130 interrupted.
    """
    try:
        app()
    except AgentcError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of our output has gone, as `| head` does
        sys.stdout = None  # or Python complains at exit
        sys.exit(1)
    except OSError as error:
        print(f"error: {error.filename or 'system'}: {error.strerror or error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
