"""What several controllers need to know about objects: ownership, readiness, conditions. No controller imports another."""
