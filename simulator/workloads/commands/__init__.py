"""The programs that small images bring along: each a function of the machine that runs it, to the exit status.

A program reads `machine.read_input()`, its arguments and the file tree, and writes with `machine.say`. Programs that need to know what
the kernel or the network knows are not here: they are questions (`environment_programs.ASKED`).
"""

from simulator.workloads.commands import agnhost, archives, files, identity, line_editors, searching, text

COMMANDS = {
    **agnhost.COMMANDS,
    **text.COMMANDS,
    **line_editors.COMMANDS,
    **files.COMMANDS,
    **archives.COMMANDS,
    **searching.COMMANDS,
    **identity.COMMANDS,
}
