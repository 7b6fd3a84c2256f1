"""The command line: a module a command, listed in `main.COMMANDS`.

A new command is a line in that table and a module with a click command named `command`. It imports its work inside,
so that help is instant; `options.with_settings` hands it the settings; it returns an `exits.Exit` (None: all well) and
raises an exception of `worker.errors` for what a person must know: `main.run` alone prints them and turns them into
exit codes.
"""
