"""The loop debugger: which loops there are, what one of them is about to do, and what that is measured by."""
