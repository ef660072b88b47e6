"""Prints what Azure CLI accepts for the commands named on standard input, one a line, as programs.json has it.

Run it with the Python of Azure CLI: <venv>/bin/python azTable.py, or /opt/az/bin/python3 azTable.py.
"""

import json
import re
import sys
import textwrap

from azure.cli.core import get_default_cli
from azure.cli.core.file_util import create_invoker_and_load_cmds_and_args

# What Azure CLI hands to its own code, and what a policy of the tenant may ask for.
INTERNAL = re.compile("--(_|cmd$|acquire-policy-token|change-reference)")


def describe(argument, required_without_ids):
    settings = argument.type.settings
    names = sorted((str(name) for name in settings.get("options_list") or []), key=lambda name: (-len(name), name))
    mark = "!" if settings.get("required") else "?" if argument.name in required_without_ids else ""
    return mark + "|".join(names)


cli = get_default_cli()
create_invoker_and_load_cmds_and_args(cli)
handlers = [handler for each in cli._event_handlers.values() for handler in each]
of_ids = {}
for handler in filter(lambda each: each.__name__ == "add_ids_arguments", handlers):
    for name, arguments in handler.__closure__[0].cell_contents.items():
        of_ids.setdefault(name, set()).update(arguments["required"])
table = cli.invocation.commands_loader.command_table
commands = {}
for name in filter(None, (line.strip() for line in sys.stdin)):
    if name not in table:
        sys.exit(f"az has no command {name}")
    required_without_ids = of_ids.get(name, ())
    options = [describe(each, required_without_ids) for each in table[name].arguments.values()]
    own = sorted(each for each in options if re.match("[!?]?-", each) and not INTERNAL.match(each))
    commands[name] = textwrap.wrap(" ".join(own), 104, break_long_words=False, break_on_hyphens=False)
json.dump(commands, sys.stdout, indent=2, sort_keys=True)
