"""Go's `text/template`, as `kubectl -o go-template` uses it: https://pkg.go.dev/text/template.

Promises: actions, pipelines, variables, `if`, `with`, `range`, `break`, `continue`, trimming, comments, comparison and printing as Go's,
over decoded JSON (whose numbers are all floats there); steps are bounded. `define`, `template`, `block` and `call` are refused.
"""

from simulator.machinery.go_templates.execution import execute
from simulator.machinery.go_templates.syntax import TemplateError, parse_template

__all__ = ["TemplateError", "execute", "parse_template"]
