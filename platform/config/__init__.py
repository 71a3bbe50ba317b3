"""The project: settings, URLs and the entry points of its processes. The only package that knows all apps."""
