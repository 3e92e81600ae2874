"""Real servers, real images and independent readers for the tests and benchmarks."""
