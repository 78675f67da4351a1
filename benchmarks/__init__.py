"""The figures that the README quotes, measured beside their peers: `python -m benchmarks`."""
