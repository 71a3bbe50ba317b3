"""kubectl's commands: one module a group of verbs, each with its `COMMANDS` and, where they go on, its followers."""
