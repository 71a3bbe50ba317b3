"""The HTTP door to simulated API servers, for real kubectl and client libraries. It has no rule of its own."""
