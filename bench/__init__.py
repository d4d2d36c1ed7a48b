"""What is measured against hand-written SQL, and how to run it: docs/bench.md."""
