"""`jq`: its language and its command, in bounded time and without a look at the machine it runs on (`docs/decisions/0028-*.md`)."""
