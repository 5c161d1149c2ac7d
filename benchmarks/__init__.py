"""What is measured, how, against which baseline: docs/benchmarks.md."""
