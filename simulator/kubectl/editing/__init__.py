"""`kubectl edit` and its relatives: objects as a text that somebody changes in an editor, until it is right or given up."""
